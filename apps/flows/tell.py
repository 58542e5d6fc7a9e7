"""People are told what waits for them: causes become alerts, alerts become few messages. Each minute, in whole sets.

The screen shows an alert at once. By mail, Slack or LINE each person is told as they chose. What falls together is one message: it
waits `GATHER` for its neighbours, and the next one to the same address waits `REST`; in the morning what is still open since the
last one is gathered. Of one alert an address hears once, also where its cause comes and goes (see `alert_kinds.SAME`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Count
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from apps.core import clock
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.flows import alert_kinds
from apps.flows.alert_kinds import KINDS, MOST, Kind
from apps.hub import delivery, registry
from apps.hub.contracts import Message, Notice
from apps.hub.delivery import NewDelivery
from apps.hub.models import Connection
from apps.messaging import alerts
from apps.messaging.alerts import Address, Cause, Untold, Wish
from apps.messaging.models import Alert, AlertChoice, AlertNotice

log = structlog.get_logger()

GATHER = timedelta(minutes=2)
REST = timedelta(hours=1)
URGENT_REST = timedelta(minutes=15)
MORNING = time(8)
TRIES_REST = timedelta(minutes=1)
# So many are named in a message; the others are counted.
NAMED = 10


@dataclass(frozen=True, slots=True)
class Way:
    """How an address is reached: the connection, and in which language it is spoken to."""

    connection: Connection
    locale: str


def run(at: datetime) -> None:
    """Look, and tell. `at`: the minute this is. A question that fails stops no other and no message; it is raised afterwards."""
    faults = look(at)
    send()
    if faults:
        raise faults[0]


# Causes become alerts


def look(at: datetime) -> list[Exception]:
    """Ask every kind whose minute this is for its causes, and keep the alerts by them; what failed to answer is left as it was."""
    now, minute = clock.now(), int(at.timestamp()) // 60
    causes: list[Cause] = []
    whole: list[str] = []
    faults: list[Exception] = []
    for kind in KINDS:
        if minute % kind.every:
            continue
        try:
            with transaction.atomic():
                found = list(kind.find(now))
        except Exception as fault:
            log.exception("tell.kind", kind=kind.name)
            faults.append(fault)
            continue
        causes += [_cause(kind, one, now) for one in found]
        if len(found) <= MOST:  # beyond it what was not found may be there all the same
            whole.append(kind.name)
    alerts.keep(causes, whole=whole)
    return faults


def _cause(kind: Kind, found: alert_kinds.Found, now: datetime) -> Cause:
    return Cause(kind.name, found.subject, found.severity or kind.severity, found.facts, now - kind.same)


# Alerts become messages


def carries(connection: Connection) -> str:
    """The operation by which a connection can tell people; nothing where it cannot."""
    manifest = registry.manifests().get(connection.connector)
    for ability, operation in (("notice", "notice.send"), ("message", "message.send")):
        if manifest and ability in manifest.abilities:
            return "" if ability in connection.paused_abilities else operation
    return ""


def send() -> int:
    """Tell every address whose time has come; returns how many messages were made."""
    now = clock.now()
    ways, wishes = _wanted(now)
    untold = alerts.untold(wishes)
    if not untold:
        return 0
    last = alerts.last_told(now - REST)
    due = {address: rows for address, rows in untold.items() if _is_time(rows, last.get(address), now)}
    return sum(_tell(address, ways[address], rows) for address, rows in due.items())


def _wanted(now: datetime) -> tuple[dict[Address, Way], list[Wish]]:
    """Where anybody wants to be told, and of what."""
    chosen = AlertChoice.objects.filter(is_on=True, person__is_active=True, connection__status=Connection.Status.ACTIVE)
    choices = [
        row for row in chosen.select_related("person", "connection__brand").order_by("id") if carries(row.connection)
    ]
    may = _abilities([row.person for row in choices])
    ways: dict[Address, Way] = {}
    wishes = []
    for row in choices:
        address = Address(row.connection_id, row.to)
        ways.setdefault(address, Way(row.connection, row.locale))
        is_morning = row.when == AlertChoice.When.MORNING
        before = _last_morning(now) if is_morning else now
        wishes += [
            Wish(address, row.person_id, kind.name, row.least, before, is_morning)
            for kind in KINDS
            if kind.ability in may[row.person_id] and kind.name not in row.muted
        ]
    return ways, wishes


def _abilities(people: Iterable[Any]) -> Mapping[int, set[str]]:
    """What each of these may do, of what kinds ask for; two statements for all of them."""
    every = {kind.ability for kind in KINDS}
    found = {person.id: set(every) if person.is_superuser else set() for person in people}
    rights = Permission.objects.filter(content_type__app_label="staff", codename__in=every)
    by_group = rights.filter(group__user__in=list(found)).values_list("group__user", "codename")
    by_hand = rights.filter(user__in=list(found)).values_list("user", "codename")
    for person, ability in (*by_group, *by_hand):
        found[person].add(ability)
    return found


def _last_morning(now: datetime) -> datetime:
    local = now.astimezone(clock.shop_zone())
    today = local.replace(hour=MORNING.hour, minute=MORNING.minute, second=0, microsecond=0)
    return today if today <= local else today - timedelta(days=1)


def _is_time(rows: Sequence[Untold], last: datetime | None, now: datetime) -> bool:
    if any(row.is_morning for row in rows):
        return True
    rest = URGENT_REST if any(row.severity >= Alert.Severity.URGENT for row in rows) else REST
    return min(row.opened_at for row in rows) <= now - GATHER and (last is None or last <= now - rest)


def try_out(choice: AlertChoice) -> bool:
    """A message that says only that it arrives, to whom a person chose; False where one was made a moment ago."""
    language, now = _language(choice.locale), clock.now()
    mine = AlertNotice.objects.filter(connection=choice.connection, to=choice.to, count=0)
    if not carries(choice.connection) or mine.filter(at__gt=now - TRIES_REST).exists():
        return False
    notice = AlertNotice(
        id=uuid7(), connection=choice.connection, to=choice.to, locale=language, at=now, count=0,
    )  # fmt: skip
    with translation.override(language):
        notice.subject = gettext("[Kurogo] A trial")
        notice.text = gettext("What waits for you arrives here.") + f"\n\n{_address(reverse('staff:alert_choices'))}\n"
    with transaction.atomic():
        notice.save(force_insert=True)
        delivery.enqueue([_delivery(notice, choice.connection)])
    return True


def _tell(address: Address, way: Way, rows: Sequence[Untold]) -> int:
    """One message to one address, with its delivery: both or neither. What a rival told there meanwhile is left out."""
    notice = AlertNotice(
        id=uuid7(), connection_id=address.connection, to=address.to, locale=_language(way.locale), at=clock.now(),
    )  # fmt: skip
    with transaction.atomic():
        told = alerts.claim(notice.id, address, [row.alert for row in rows])
        if not told:
            return 0
        notice.count = len(told)
        notice.subject, notice.text = _words(notice.locale, Alert.objects.filter(id__in=told), len(told))
        notice.save(force_insert=True)
        delivery.enqueue([_delivery(notice, way.connection)])
    return 1


def _language(locale: str) -> str:
    return "ja" if locale[:2] == "ja" else "en"


def _words(language: str, told: Any, count: int) -> tuple[str, str]:
    """Subject and text: how many of each kind, the first few by name, where the others are."""
    by_name = alert_kinds.BY_NAME
    counts = dict(told.order_by().values_list("kind").annotate(n=Count("id")))
    with translation.override(language):
        named = [
            {
                "is_urgent": row.severity >= Alert.Severity.URGENT,
                "sentence": by_name[row.kind].sentence(row.facts),
                "address": _address(by_name[row.kind].path(row.facts)),
            }
            for row in told.order_by("-severity", "opened_at", "id")[:NAMED]
        ]
        context = {
            "shop": Company.objects.values_list("name", flat=True).first() or "Kurogo",
            "count": count,
            "counts": [(kind.label, counts[kind.name]) for kind in KINDS if kind.name in counts],
            "named": named,
            "more": count - len(named),
            "all": _address(reverse("staff:alerts")),
            "choices": _address(reverse("staff:alert_choices")),
        }
        rendered = render_to_string(f"email/alerts.{language}.txt", context, using="letters")
    subject, _, text = rendered.partition("\n")
    return subject.strip()[:255], text.strip() + "\n"


def _address(path: str) -> str:
    return settings.PUBLIC_ADDRESS.rstrip("/") + path if path else ""


def _delivery(notice: AlertNotice, connection: Connection) -> NewDelivery:
    operation, reference = carries(connection), str(notice.id)
    word: object = Notice(
        reference=reference, to=notice.to, subject=notice.subject, text=notice.text, locale=notice.locale
    )
    if operation == "message.send":
        word = Message(
            reference=reference, to=notice.to, subject=notice.subject, text=notice.text, locale=notice.locale,
            sender=connection.brand.mail_from,
        )  # fmt: skip
    return NewDelivery(
        connection_id=connection.id, operation=operation, key=f"{operation}:{notice.id}", words=[word],
        kind="notice", subject=notice.id,
    )  # fmt: skip
