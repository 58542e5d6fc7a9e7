"""Payloads are kept only as long as they are needed; what happened stays, what was said is emptied.

Nothing is emptied that is still to be done: a notice that waits, or a call that is due or waits for a person, keeps its words
however old it is. A step empties so many rows of each class, so that a first night with years to empty locks nothing.
"""

from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from oauth2_provider.models import clear_expired

from apps.core import clock
from apps.hub.models import Delivery, InboxEntry, InboxEvent, SetAsideRow
from apps.messaging.models import Message
from apps.shipping.models import Sheet

BATCH = 2000
KEYS_KEPT = timedelta(hours=48)  # Stripe keeps them a day
_OPEN = [InboxEvent.Status.NEW, InboxEvent.Status.WAITING]
_Rows = QuerySet[InboxEntry] | QuerySet[InboxEvent] | QuerySet[Delivery] | QuerySet[SetAsideRow] | QuerySet[Sheet]
_ENDED = [
    Delivery.Status.SENT,
    Delivery.Status.DEAD,
    Delivery.Status.LAPSED,
    Delivery.Status.CANCELLED,
    Delivery.Status.SHADOWED,
]


def empty_old() -> bool:
    """Empty a batch of payloads that are past their time; True when none is left."""
    return sum(_empty(rows) for rows in _past_their_time()) + _empty_letters() == 0


def _past_their_time() -> tuple[_Rows, ...]:
    now = clock.now()
    notices, calls, set_aside = (
        now - timedelta(days=days) for days in (settings.NOTICE_DAYS, settings.CALL_DAYS, settings.SET_ASIDE_DAYS)
    )
    is_open = InboxEvent.objects.filter(entry=OuterRef("pk"), status__in=_OPEN)
    return (
        InboxEntry.objects.filter(~Exists(is_open), received_at__lt=notices, sealed__isnull=False),
        InboxEvent.objects.filter(received_at__lt=notices, sealed__isnull=False).exclude(status__in=_OPEN),
        Delivery.objects.filter(created_at__lt=calls, sealed__isnull=False, status__in=_ENDED),
        SetAsideRow.objects.filter(run__started_at__lt=set_aside, sealed__isnull=False),
        Sheet.objects.filter(made_at__lt=calls, sealed__isnull=False),
    )


def _empty(rows: _Rows) -> int:
    ids = list(rows.order_by("id").values_list("id", flat=True)[:BATCH])
    return rows.model._default_manager.filter(id__in=ids).update(sealed=None)


def _empty_letters() -> int:
    """What was written to customers: that a letter left, when and by which template stays."""
    old = Message.objects.filter(created_at__lt=clock.now() - timedelta(days=settings.LETTER_DAYS)).exclude(to="")
    ids = list(old.exclude(status=Message.Status.READY).order_by("id").values_list("id", flat=True)[:BATCH])
    return Message.objects.filter(id__in=ids).update(to="", subject="", text="")


def forget_keys() -> int:
    """The API's idempotency keys past their time, and tokens that have run out; how many keys went.

    The keys lie in a door's own table, which is asked for by name: stories know no door.
    """
    clear_expired()
    answered = apps.get_model("api.Answered")
    return int(answered.objects.filter(begun_at__lt=clock.wall() - KEYS_KEPT).delete()[0])
