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
    urgent = rows.filter(severity__gte=Alert.Severity.URGENT)
    found = counting.capped({"all": rows, "urgent": urgent}, most=MOST)
    return Bell(found["all"], "bad" if found["urgent"] else "act" if found["all"] else "")
