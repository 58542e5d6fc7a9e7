"""What people are told of: one entry a kind, with its words, whom it concerns, how urgent it is, and the question that finds it.

A new kind is one entry of `KINDS` and nothing else. A question is one statement or a few, bounded by `MOST`, asked of what the
house knows already (queues, breakers, nights, credentials, forecasts); it writes nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.conf import settings
from django.db.models import F
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import get_application_model

from apps.channels import queries as channels
from apps.channels.models import ChannelRule
from apps.core import clock, counting
from apps.flows import poll_orders, push_stock, standing, wiring
from apps.hub import breaker, connections
from apps.hub import queries as hub
from apps.hub.models import Connection, Cursor, JobRun
from apps.inventory import suggestions
from apps.messaging.models import Alert
from apps.orders import holds
from apps.orders import queries as orders
from apps.orders.models import OrderHold
from apps.orders.states import Lifecycle
from apps.reconciliation import queries as reconciliation

MOST = 1000
# A cause that comes back within so long after it was first seen is the same alert: on the screen again, and told nobody again.
SAME = timedelta(hours=6)
FOREVER = timedelta(days=365)
# A channel whose orders were not read for so long beyond its own cadence.
UNREAD = timedelta(hours=1)
# Days before the end of a credential, the last first, with how urgent each is.
STAGES = ((1, Alert.Severity.URGENT), (7, Alert.Severity.ACT), (14, Alert.Severity.ACT))
# What keeps an order without waiting for a person.
_WAITS_BY_ITSELF = (holds.SHORT, holds.AWAITS_CHANNEL, holds.BY_HAND)


@dataclass(frozen=True, slots=True)
class Found:
    """One cause: what it is about, in the shortest name that stays the same, and what its sentence says. A severity of 0 is the
    kind's own.
    """

    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    severity: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`label` heads its count, `said` is the sentence, filled with the facts; `page` is where it is mended, with the fact `id` if
    there is one. `every` minutes it is looked for; `same`: see `SAME`. `told` puts facts into the reader's words.
    """

    name: str
    label: Promise
    said: Promise
    ability: str
    severity: int
    find: Callable[[datetime], Iterable[Found]]
    page: str
    rest: str = ""
    every: int = 1
    same: timedelta = SAME
    told: Mapping[str, Mapping[str, str | Promise]] = field(default_factory=dict)

    def sentence(self, facts: Mapping[str, Any]) -> str:
        """What it says, in the reader's language; a fact that an older alert did not have is a dash."""
        known = {name: str(self.told.get(name, {}).get(value, value)) for name, value in facts.items()}
        return " ".join((str(self.said) % _Facts(known)).split())

    def path(self, facts: Mapping[str, Any]) -> str:
        """Where it is mended; empty where this installation has no such page."""
        try:
            return reverse(self.page, args=[facts["id"]] if "id" in facts else []) + self.rest
        except NoReverseMatch:
            return ""


class _Facts(dict[str, str]):
    def __missing__(self, _name: str) -> str:
        return "–"


# Connections


def _reconnect(_now: datetime) -> Iterator[Found]:
    for id_, name in Connection.objects.filter(status=Connection.Status.NEEDS_RECONNECT).values_list("id", "name"):
        yield Found(str(id_), {"id": str(id_), "name": name})


def _broken(_now: datetime) -> Iterator[Found]:
    rows = Connection.objects.filter(status=Connection.Status.ACTIVE, failures_in_a_row__gte=breaker.LIMIT)
    for id_, name in rows.values_list("id", "name"):
        yield Found(str(id_), {"id": str(id_), "name": name})


def _unread(now: datetime) -> Iterator[Found]:
    """Channels that should be asked for their orders and were not for long; one that never was counts from its birth."""
    rows = [row for row in wiring.with_ability("orders") if row.status == Connection.Status.ACTIVE]
    rows = [row for row in rows if "orders" not in row.paused_abilities]
    read = dict(Cursor.objects.filter(connection__in=rows, name="orders").values_list("connection", "read_at"))
    minutes = dict(ChannelRule.objects.filter(connection__in=rows).values_list("connection", "poll_minutes"))
    for row in rows:
        cadence = poll_orders.cadence(row, minutes.get(row.id)) or timedelta(minutes=settings.POLL_MINUTES)
        last = read.get(row.id, row.created_at)
        if last < now - UNREAD - cadence:
            yield Found(str(row.id), {"id": str(row.id), "name": row.name, "at": _local(last)})


def _blind(_now: datetime) -> Iterator[Found]:
    names = {row.id: row.name for row in wiring.with_ability("stock.write")}
    for id_, found in push_stock.blind().items():
        yield Found(str(id_), {"id": str(id_), "name": names.get(id_, ""), "at": _local(found.since)})


def _waiting(state: str) -> Callable[[datetime], Iterator[Found]]:
    def find(_now: datetime) -> Iterator[Found]:
        counts = {id_: states[state] for id_, states in hub.waiting_by_connection().items() if states.get(state)}
        for id_, name in Connection.objects.filter(id__in=counts).values_list("id", "name"):
            yield Found(str(id_), {"id": str(id_), "name": name, "n": counting.shown(counts[id_])})

    return find


def _stopped_files(_now: datetime) -> Iterator[Found]:
    for id_, file, name in hub.undecided_files().values_list("id", "name", "connection__name")[: MOST + 1]:
        yield Found(str(id_), {"id": str(id_), "file": file, "name": name})


def _stops(_now: datetime) -> Iterator[Found]:
    for stop in channels.stops()[: MOST + 1]:
        facts = {"id": str(stop.connection_id), "name": stop.connection.name, "n": stop.fallen, "of": stop.shown}
        yield Found(str(stop.id), facts)


def _unlinked(_now: datetime) -> Iterator[Found]:
    counts = channels.unlinked_by_channel()
    for id_, name in Connection.objects.filter(id__in=counts).values_list("id", "name"):
        yield Found(str(id_), {"name": name, "n": counting.shown(counts[id_])})


def _ending(now: datetime) -> Iterator[Found]:
    """Credentials near their end."""
    near = connections.ending().filter(expires_at__lte=now + timedelta(days=STAGES[-1][0]))
    for row in near.exclude(connection__status=Connection.Status.SETUP)[: MOST + 1]:
        assert row.expires_at is not None
        stage, severity, day = _stage(row.id, row.expires_at, now)
        facts = {"id": str(row.connection_id), "name": row.connection.name, "credential": row.name, "day": day}
        yield Found(stage, facts, severity)


def _ending_clients(now: datetime) -> Iterator[Found]:
    """Programs of the merchant's own whose secret ends; the API's door keeps them, the provider's registry hands them over."""
    near = get_application_model().objects.filter(ended_at=None, expires_at__lte=now + timedelta(days=STAGES[-1][0]))
    for id_, name, ends in near.order_by("expires_at", "id").values_list("id", "name", "expires_at")[: MOST + 1]:
        stage, severity, day = _stage(id_, ends, now)
        yield Found(stage, {"name": name, "day": day}, severity)


def _stage(of: Any, ends: datetime, now: datetime) -> tuple[str, int, str]:
    """Name of a cause, how urgent it is, and its last day: each stage of each end is told of once."""
    days, severity = next(stage for stage in STAGES if days_left(ends, now) <= stage[0])
    day = _local(ends)[:10]
    return f"{of}:{day}:{days}", severity, day


def days_left(ends: datetime, now: datetime) -> int:
    """Days until then, a begun one counted; 0 once it is over."""
    return max(0, ceil((ends - now) / timedelta(days=1)))


# The house


def _failed_jobs(now: datetime) -> Iterator[Found]:
    """The newest run of each scheduled job, where it was given up; and a night that does not come to its end."""
    newest = [
        JobRun.objects.filter(job=job.name, due_at__lte=now).order_by("-period").values("id")[:1]
        for job in settings.SCHEDULE
    ]
    for run in JobRun.objects.filter(id__in=newest[0].union(*newest[1:], all=True)):
        is_night = run.job == "night"
        is_stuck = is_night and run.finished_at is None and run.due_at < now - standing.NIGHT_TAKES
        if is_stuck or (run.error and run.finished_at is not None):
            severity = Alert.Severity.URGENT if is_night else 0
            yield Found(run.job, {"job": run.job, "period": run.period, "error": run.error[:160]}, severity)


def _late(_now: datetime) -> Iterator[Found]:
    for reason in standing.look().reasons:
        if reason in _LATE:
            yield Found(reason, {"what": reason})


_LATE: Mapping[str, Promise] = {
    "inbox late": _("What came in has waited for more than ten minutes."),
    "deliveries late": _("What should go out has waited for more than ten minutes."),
}


def _differences(_now: datetime) -> Iterator[Found]:
    counts: dict[str, int] = {}
    for period in reconciliation.undecided().order_by().values_list("period", flat=True)[: MOST + 1]:
        counts[period] = counts.get(period, 0) + 1
    for period, count in counts.items():
        yield Found(period, {"id": period, "n": counting.shown(count)})


# Orders and stock


def _held(_now: datetime) -> Iterator[Found]:
    open_ones = OrderHold.objects.filter(released_at=None, order__lifecycle=Lifecycle.OPEN, order__is_held=True)
    rows = open_ones.exclude(reason__in=_WAITS_BY_ITSELF).order_by("order__placed_at", "order")
    for id_, number, reason in rows.values_list("order", "order__number", "reason")[: MOST + 1]:
        yield Found(str(id_), {"id": str(id_), "number": number, "reason": reason})


def _overdue(now: datetime) -> Iterator[Found]:
    count = counting.capped({"overdue": orders.waiting("overdue", now=now)})["overdue"]
    if count:
        yield Found("all", {"n": counting.shown(count)})


def _low(_now: datetime) -> Iterator[Found]:
    """What runs out before a delivery of today's order would arrive, most urgent first."""
    rows = suggestions.rows(only="late").order_by(*suggestions.KEYS)
    facts = {"sku": F("level__variant__sku"), "title": F("level__variant__title"), "place": F("level__location__name")}
    for level, sku, title, place in rows.annotate(**facts).values_list("level", *facts)[: MOST + 1]:
        yield Found(str(level), {"id": str(level), "sku": sku, "title": title, "place": place})


def _local(at: datetime) -> str:
    """A moment as both languages write it, in the shop's time."""
    return f"{at.astimezone(clock.shop_zone()):%Y-%m-%d %H:%M}"


KINDS: tuple[Kind, ...] = (
    Kind(
        name="reconnect", label=_("Connections to reconnect"), ability="connections.view", severity=Alert.Severity.URGENT,
        said=_("%(name)s must be reconnected; nothing goes out or is asked for until then."),
        find=_reconnect, page="staff:connection",
    ),
    Kind(
        name="breaker", label=_("Connections that fail"), ability="connections.view", severity=Alert.Severity.URGENT,
        said=_("%(name)s fails again and again; it is asked once a minute until it answers."),
        find=_broken, page="staff:connection",
    ),
    Kind(
        name="unread", label=_("Channels whose orders are not read"), ability="connections.view",
        severity=Alert.Severity.URGENT, said=_("The orders of %(name)s were read last at %(at)s."),
        find=_unread, page="staff:connection",
    ),
    Kind(
        name="blind", label=_("Channels that do not answer"), ability="connections.view", severity=Alert.Severity.URGENT,
        said=_("%(name)s has not acknowledged its stock since %(at)s; it may still sell what it shows."),
        find=_blind, page="staff:connection",
    ),
    Kind(
        name="calls", label=_("Calls that wait for a person"), ability="connections.view", severity=Alert.Severity.ACT,
        said=_("Calls to %(name)s wait for a person: %(n)s."),
        find=_waiting("waiting"), page="staff:connection", rest="?state=person#log-t",
    ),
    Kind(
        name="notices", label=_("Notices set aside"), ability="connections.view", severity=Alert.Severity.ACT,
        said=_("Notices of %(name)s could not be understood and were set aside: %(n)s."),
        find=_waiting("set_aside"), page="staff:connection", rest="?state=person#log-t",
    ),
    Kind(
        name="files", label=_("Files that were stopped"), ability="connections.view", severity=Alert.Severity.URGENT,
        said=_("The file %(file)s of %(name)s was stopped before anything was booked; a person has to decide."),
        find=_stopped_files, page="staff:file",
    ),
    Kind(
        name="stops", label=_("Stock figures that were stopped"), ability="connections.view", severity=Alert.Severity.URGENT,
        said=_("%(n)s of %(of)s articles that %(name)s shows would fall to none; a person has to decide."),
        find=_stops, page="staff:connection",
    ),
    Kind(
        name="unlinked", label=_("Listings linked to nothing"), ability="stock.view", severity=Alert.Severity.NOTE,
        said=_("Listings of %(name)s are linked to no article: %(n)s."),
        find=_unlinked, page="staff:listings", rest="?only=unlinked",
    ),
    Kind(
        name="credential", label=_("Credentials that end"), ability="connections.view", severity=Alert.Severity.ACT,
        said=_("The credential %(credential)s of %(name)s is valid until %(day)s."),
        find=_ending, page="staff:connection", rest="#cred-t", same=FOREVER,
    ),
    Kind(
        name="clients", label=_("API clients that end"), ability="settings.manage", severity=Alert.Severity.ACT,
        said=_("The API client %(name)s is valid until %(day)s."), find=_ending_clients, page="staff:clients", same=FOREVER,
    ),
    Kind(
        name="jobs", label=_("Jobs that failed"), ability="night.view", severity=Alert.Severity.ACT,
        said=_("%(job)s of %(period)s did not come to its end. %(error)s"), find=_failed_jobs, page="staff:night",
        told={"job": {"night": _("Nightly reconciliation")}},
    ),
    Kind(
        name="late", label=_("Work that is late"), ability="connections.view", severity=Alert.Severity.URGENT,
        said=_("%(what)s Is a worker running?"), find=_late, page="staff:connections", told={"what": _LATE},
    ),
    Kind(
        name="differences", label=_("Differences to decide"), ability="night.view", severity=Alert.Severity.ACT,
        said=_("Differences of the night of %(id)s wait for a decision: %(n)s."), find=_differences, page="staff:night_of",
    ),
    Kind(
        name="held", label=_("Orders on hold"), ability="orders.hold", severity=Alert.Severity.ACT,
        said=_("%(number)s waits for a person: %(reason)s."), find=_held, page="staff:order", told={"reason": holds.WORDS},
    ),
    Kind(
        name="overdue", label=_("Orders past their day"), ability="orders.ship", severity=Alert.Severity.ACT,
        said=_("Orders that should have left: %(n)s."), find=_overdue, page="staff:desk", rest="?queue=overdue",
    ),
    Kind(
        name="low", label=_("Articles that run out"), ability="stock.view", severity=Alert.Severity.ACT,
        said=_("%(sku)s %(title)s (%(place)s) runs out before a delivery would arrive."),
        find=_low, page="staff:stock_why", every=15,
    ),
)  # fmt: skip
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
