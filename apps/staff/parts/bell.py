"""The bell of the staff frame: how many alerts this person has neither seen nor put off. One bounded statement."""

from dataclasses import dataclass
from typing import Any

from apps.core import counting
from apps.flows.alert_kinds import KINDS, Kind
from apps.messaging import alerts
from apps.messaging.models import Alert
from apps.staff import roles

MOST = 99


@dataclass(frozen=True, slots=True)
class Bell:
    """`urgency` colours the figure only while there is one."""

    count: int
    urgency: str

    @property
    def shown(self) -> str:
        """The figure as it is read."""
        return counting.shown(self.count, most=MOST)


def kinds_of(user: roles.User) -> list[Kind]:
    """What this person is told of: what they may look at."""
    return [kind for kind in KINDS if roles.may(user, kind.ability)]


def of(user: Any) -> Bell:
    """The bell of a person."""
    rows = alerts.unseen(alerts.for_person(kind.name for kind in kinds_of(user)), user.pk)
    worst_first = list(rows.order_by("-severity").values_list("severity", flat=True)[: MOST + 1])
    is_urgent = bool(worst_first) and worst_first[0] >= Alert.Severity.URGENT
    return Bell(len(worst_first), "bad" if is_urgent else "act" if worst_first else "")
