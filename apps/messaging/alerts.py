"""Alerts as rows: opened by their cause, closed when it is gone, looked at by people, told to addresses. Whole sets at a time.

Of one cause there is one open alert (a unique index says so). A cause that comes back before `again` is over is the same alert,
counted once more and told nobody twice: one that flaps costs one message.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection as database
from django.db.models import F, Max, Q, QuerySet

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.messaging.models import Alert, AlertLook, AlertNote, AlertNotice

# How long what is over stays to be read.
KEPT = timedelta(days=90)
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for an alert, as it stands now. `again`: an alert of it that was first seen after that moment is the same one."""

    kind: str
    subject: str
    severity: int
    facts: Mapping[str, Any]
    again: datetime


@dataclass(frozen=True, slots=True)
class Address:
    """Where people are told: a connection, and whom it should reach (nothing where it leads to one place by itself)."""

    connection: UUID
    to: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted at an address: alerts of one kind from a severity on, opened by a moment, that this person has not seen."""

    address: Address
    person: int
    kind: str
    least: int
    before: datetime
    is_morning: bool


@dataclass(frozen=True, slots=True)
class Untold:
    """An open alert that an address should hear of and has not."""

    address: Address
    alert: UUID
    severity: int
    opened_at: datetime
    is_morning: bool


# `same`: the newest alert of each cause that counts as the same. Each row is written by one part alone: open ones by `changed` and
# `gone`, closed ones by `again`, new ones by the insert; a rival's insert of the same cause meets the unique index.
_KEEP = """
WITH found AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(found)s::json)
        AS told(id uuid, kind text, subject text, severity smallint, facts jsonb, again timestamptz)
), same AS MATERIALIZED (
    SELECT f.kind, f.subject, f.severity, f.facts, a.id, a.closed_at
    FROM found f CROSS JOIN LATERAL (
        SELECT id, closed_at, since FROM messaging_alert WHERE kind = f.kind AND subject = f.subject ORDER BY since DESC LIMIT 1
    ) a WHERE a.closed_at IS NULL OR a.since > f.again
), changed AS (
    UPDATE messaging_alert AS a SET severity = s.severity, facts = s.facts FROM same s
    WHERE a.id = s.id AND s.closed_at IS NULL AND (a.severity <> s.severity OR a.facts <> s.facts)
), again AS (
    UPDATE messaging_alert AS a SET closed_at = NULL, opened_at = %(now)s, times = a.times + 1, severity = s.severity,
        facts = s.facts
    FROM same s WHERE a.id = s.id AND s.closed_at IS NOT NULL
), gone AS (
    UPDATE messaging_alert AS a SET closed_at = %(now)s
    WHERE a.closed_at IS NULL AND a.kind = ANY(%(whole)s)
      AND NOT EXISTS (SELECT 1 FROM found f WHERE f.kind = a.kind AND f.subject = a.subject)
)
INSERT INTO messaging_alert (id, kind, subject, severity, facts, since, opened_at, times, closed_at)
SELECT f.id, f.kind, f.subject, f.severity, f.facts, %(now)s, %(now)s, 1, NULL FROM found f
WHERE NOT EXISTS (SELECT 1 FROM same s WHERE s.kind = f.kind AND s.subject = f.subject)
ON CONFLICT DO NOTHING
"""
_UNTOLD = """
SELECT DISTINCT ON (w.connection, w.told, a.id) w.connection, w.told, a.id, a.severity, a.opened_at, w.is_morning
FROM json_to_recordset(%(wishes)s::json)
    AS w(connection uuid, told text, person int, kind text, least smallint, before timestamptz, is_morning boolean)
JOIN messaging_alert a ON a.closed_at IS NULL AND a.kind = w.kind AND a.severity >= w.least AND a.opened_at <= w.before
WHERE NOT EXISTS (
    SELECT 1 FROM messaging_alertnote n WHERE n.alert_id = a.id AND n.connection_id = w.connection AND n."to" = w.told
) AND NOT EXISTS (
    SELECT 1 FROM messaging_alertlook l
    WHERE l.alert_id = a.id AND l.person_id = w.person AND l.at >= a.opened_at AND (l.until IS NULL OR l.until > %(now)s)
)
ORDER BY w.connection, w.told, a.id, w.is_morning DESC
"""


def keep(causes: Iterable[Cause], *, whole: Sequence[str]) -> int:
    """Open, change and close alerts by the causes there are; of the kinds in `whole` these are all there are, so that others are
    gone. One statement; returns how many alerts are new.
    """
    found = {(cause.kind, cause.subject): cause for cause in causes}
    told = [
        {
            "id": uuid7(), "kind": cause.kind, "subject": cause.subject, "severity": int(cause.severity),
            "facts": dict(cause.facts), "again": cause.again,
        }
        for cause in found.values()
    ]  # fmt: skip
    with database.cursor() as cursor:
        cursor.execute(_KEEP, {"found": orjson.dumps(told).decode(), "now": clock.now(), "whole": list(whole)})
        return int(cursor.rowcount)


# What people see of them


def for_person(kinds: Iterable[str], *, kind: str = "") -> QuerySet[Alert]:
    """Open alerts of these kinds, or of one of them, unordered."""
    return Alert.objects.filter(closed_at=None, kind__in=[one for one in kinds if kind in ("", one)])


def gone(kinds: Iterable[str], *, kind: str = "") -> QuerySet[Alert]:
    """Alerts of these kinds whose cause is gone, unordered."""
    return Alert.objects.filter(closed_at__isnull=False, kind__in=[one for one in kinds if kind in ("", one)])


def unseen(alerts: QuerySet[Alert], person: int) -> QuerySet[Alert]:
    """Those that this person has neither seen nor put off."""
    return alerts.exclude(id__in=_looks(person).values("alert"))


def seen(alerts: QuerySet[Alert], person: int) -> QuerySet[Alert]:
    """The others."""
    return alerts.filter(id__in=_looks(person).values("alert"))


def _looks(person: int) -> QuerySet[AlertLook]:
    holds = Q(until=None) | Q(until__gt=clock.now())
    return AlertLook.objects.filter(holds, person=person, alert__closed_at=None, at__gte=F("alert__opened_at"))


def look(alerts: QuerySet[Alert], person: int, *, until: datetime | None = None) -> int:
    """This person has seen these, or wants to be reminded of them; returns how many."""
    now = clock.now()
    ids = list(alerts.values_list("id", flat=True))
    looks = [AlertLook(id=uuid7(), alert_id=id_, person_id=person, at=now, until=until) for id_ in ids]
    AlertLook.objects.bulk_create(
        looks, update_conflicts=True, unique_fields=["alert", "person"], update_fields=["at", "until"]
    )
    return len(ids)


def unlook(alerts: QuerySet[Alert], person: int) -> None:
    """Show them again."""
    AlertLook.objects.filter(alert__in=alerts, person=person).delete()


# What addresses hear of them


def untold(wishes: Sequence[Wish]) -> dict[Address, list[Untold]]:
    """What each address should hear of and has not; one statement."""
    if not wishes:
        return {}
    told = [
        {
            "connection": wish.address.connection, "told": wish.address.to, "person": wish.person, "kind": wish.kind,
            "least": wish.least, "before": wish.before, "is_morning": wish.is_morning,
        }
        for wish in wishes
    ]  # fmt: skip
    found: dict[Address, list[Untold]] = {}
    with database.cursor() as cursor:
        cursor.execute(_UNTOLD, {"wishes": orjson.dumps(told).decode(), "now": clock.now()})
        for connection, to, alert, severity, opened_at, is_morning in cursor.fetchall():
            address = Address(connection, to)
            found.setdefault(address, []).append(Untold(address, alert, severity, opened_at, is_morning))
    return found


def last_told(since: datetime) -> dict[Address, datetime]:
    """When each address was told last, where that was after a moment."""
    told = AlertNotice.objects.filter(at__gt=since, count__gt=0)  # a trial tells nothing
    told = told.order_by().values_list("connection", "to").annotate(last=Max("at"))
    return {Address(connection, to): last for connection, to, last in told}


def claim(notice: UUID, address: Address, wanted: Sequence[UUID]) -> list[UUID]:
    """Write down that an address hears of these by this notice, in the caller's transaction; those that it has heard of already,
    or hears of at this moment by another's, are left out.
    """
    rows.insert_new(
        AlertNote(id=uuid7(), alert_id=alert, connection_id=address.connection, to=address.to, notice_id=notice)
        for alert in wanted
    )
    return list(AlertNote.objects.filter(notice=notice).values_list("alert", flat=True))


def forget_old() -> bool:
    """Delete a batch of what has been over for long, with what was told of it; True when none is left."""
    old = clock.now() - KEPT
    alerts = list(Alert.objects.filter(closed_at__lt=old).order_by("closed_at").values_list("id", flat=True)[:BATCH])
    Alert.objects.filter(id__in=alerts).delete()
    # A notice whose alerts are still open stays: its notes are what keeps them from being told again.
    told = AlertNotice.objects.filter(at__lt=old).exclude(alertnote__isnull=False)
    notices = list(told.order_by("at").values_list("id", flat=True)[:BATCH])
    AlertNotice.objects.filter(id__in=notices).delete()
    return len(alerts) < BATCH and len(notices) < BATCH
