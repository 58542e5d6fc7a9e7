"""How connections are, in words: one verdict each, the worst first; silence is said with its age and is never fine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.hub import breaker, registry
from apps.hub.models import Connection
from apps.staff.parts import times

# A credential that ends within so many days is said to end soon.
SOON = timedelta(days=14)


@dataclass(slots=True)
class Health:
    """One connection as a person sees it. `mark` is one of the meanings; `rank` sorts, the worst first."""

    row: Connection
    kind: str
    abilities: tuple[str, ...]
    mark: str
    label: str
    rank: int
    due: int = 0
    unknown: int = 0
    waiting: int = 0
    set_aside: int = 0
    unlinked: int = 0
    expires_at: datetime | None = None
    paused: list[str] = field(default_factory=list)

    @property
    def is_silent(self) -> bool:
        """Nothing heard for longer than this connection is ever silent."""
        return self.mark == "stale"

    @property
    def lists(self) -> bool:
        """Whether it has listings."""
        return self.can("catalogue")

    def can(self, ability: str) -> bool:
        """Whether the connector has a capability."""
        return ability in self.abilities


def all_of_them() -> list[Connection]:
    """Every connection without its settings, in a fixed order; there are few."""
    return list(Connection.objects.defer("settings").order_by("name", "id"))


def is_silent(row: Connection, now: datetime) -> bool:
    """Whether an active connection that once spoke has been silent for too long."""
    heard = max((at for at in (row.last_heard_at, row.last_ok_at) if at), default=None)
    return (
        row.status == Connection.Status.ACTIVE
        and heard is not None
        and now - heard > timedelta(hours=row.silent_after_hours)
    )


def with_ability(rows: Sequence[Connection], ability: str) -> list[Connection]:
    """Those whose connector has an ability."""
    manifests = registry.manifests()
    return [row for row in rows if (found := manifests.get(row.connector)) and ability in found.abilities]


def healths(
    rows: Sequence[Connection],
    counts: Mapping[UUID, Mapping[str, int]],
    expiries: Mapping[UUID, datetime],
    now: datetime,
    *,
    blind: Mapping[UUID, datetime] | None = None,
    unlinked: Mapping[UUID, int] | None = None,
) -> list[Health]:
    """The verdicts, the worst first, then by name. `blind`: since when channels have not answered what they were told."""
    manifests = registry.manifests()
    found = []
    for row in rows:
        manifest = manifests.get(row.connector)
        count = counts.get(row.id, {})
        rank, mark, label = _verdict(row, count, expiries.get(row.id), now, (blind or {}).get(row.id))
        found.append(
            Health(
                row, manifest.kind if manifest else "", manifest.abilities if manifest else (), mark, label, rank,
                due=count.get("due", 0), unknown=count.get("unknown", 0), waiting=count.get("waiting", 0),
                set_aside=count.get("set_aside", 0), expires_at=expiries.get(row.id), paused=list(row.paused_abilities),
                unlinked=(unlinked or {}).get(row.id, 0),
            )
        )  # fmt: skip
    return sorted(found, key=lambda health: (health.rank, health.row.name))


def _verdict(
    row: Connection, count: Mapping[str, int], expires_at: datetime | None, now: datetime, blind: datetime | None
) -> tuple[int, str, str]:
    if row.status == Connection.Status.NEEDS_RECONNECT:
        return 0, "bad", _("Reconnect needed")
    if breaker.is_open(row):
        left = max(timedelta(0), (row.held_until or now) - now)
        return 1, "bad", _("Failed %(n)d times in a row; asked again in %(span)s") % {
            "n": row.failures_in_a_row, "span": times.span(left),
        }  # fmt: skip
    if blind:
        return 1, "bad", _("Blind for %(span)s") % {"span": times.span(now - blind)}
    if waiting := count.get("waiting", 0):
        words = ngettext("%(n)d waits for a person", "%(n)d wait for a person", waiting) % {"n": waiting}
        return 1, "act", words
    if aside := count.get("set_aside", 0):
        return 1, "act", ngettext("%(n)d notice set aside", "%(n)d notices set aside", aside) % {"n": aside}
    if expires_at and expires_at - now < SOON:
        return 1, "act", _("Credential ends soon")
    if is_silent(row, now):
        heard = max(at for at in (row.last_heard_at, row.last_ok_at) if at)
        return 2, "stale", _("Silent for %(span)s") % {"span": times.span(now - heard)}
    if row.status == Connection.Status.SETUP:
        return 3, "idle", _("Being set up")
    if row.status == Connection.Status.PAUSED:
        return 3, "idle", _("Paused")
    if row.held_until and row.held_until > now:
        return 3, "wait", _("Asked to wait %(span)s") % {"span": times.span(row.held_until - now)}
    if row.last_error_at and (row.last_ok_at is None or row.last_error_at > row.last_ok_at):
        return 2, "act", _("The last call failed")
    if row.last_ok_at is None and row.last_heard_at is None:
        return 4, "idle", _("Not heard of yet")
    return 5, "ok", _("Normal")
