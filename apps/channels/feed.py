"""How far a channel's orders are known: the moment before which every order that it took has been taken in here.

Notices alone prove nothing, a complete look does: it reads everything changed up to a moment, and an order is listed
`order_lag` after it was placed at the latest. What a look brought in and nobody has taken in yet counts as unknown.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q

from apps.channels.manners import manners
from apps.hub.models import Connection, Cursor, InboxEvent

_OPEN = [InboxEvent.Status.NEW, InboxEvent.Status.WAITING]


@dataclass(frozen=True, slots=True)
class Known:
    """Orders of before `until` are known, by the look of this number."""

    until: datetime
    look: int

    def covers(self, moment: datetime, *, after_look: int) -> bool:
        """Whether every order of before that moment is known, by a later look than `after_look`."""
        return self.look > after_look and self.until >= moment


NOTHING = Known(datetime.min.replace(tzinfo=UTC), -1)


def under_way(channel: Connection) -> int:
    """The number of the look at the channel's orders that may be under way now: only a later one has seen this moment."""
    found = Cursor.objects.filter(connection=channel, name="orders").values_list("looks", flat=True).first()
    return (found or 0) + 1


def known(channel: Connection) -> Known:
    """What is known now; nothing where what the last look brought has not been taken in."""
    cursor = Cursor.objects.filter(connection=channel, name="orders").first()
    if cursor is None:
        return NOTHING
    unread = InboxEvent.objects.filter(connection=channel, received_at__lte=cursor.read_at).filter(
        Q(status__in=_OPEN) | Q(status=InboxEvent.Status.SET_ASIDE, subject__startswith="order:")
    )
    if unread.exclude(topic__startswith="answer/").exists():
        return NOTHING
    return Known(cursor.read_until - manners(channel).order_lag, cursor.looks)
