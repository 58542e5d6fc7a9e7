"""The calendar of credentials that end: the next first, in days, with who says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.flows.alert_kinds import STAGES, days_left
from apps.hub import registry
from apps.hub.models import Credential

SHOWN = 50


@dataclass(frozen=True, slots=True)
class End:
    """One credential as a person sees it; `mark` colours the days while they are few."""

    row: Credential
    mark: str
    words: str
    known_from: str


def calendar(ends: Sequence[Credential], now: datetime) -> list[End]:
    """The next to end, of those that do (`connections.ending`)."""
    return [_end(row, now) for row in ends[:SHOWN]]


def _end(row: Credential, now: datetime) -> End:
    assert row.expires_at is not None
    left = days_left(row.expires_at, now)
    words = ngettext("%(n)d day", "%(n)d days", left) % {"n": left} if left else _("over")
    manifest = registry.manifests().get(row.connection.connector)
    is_told = bool(manifest and row.name in manifest.expiring)
    is_granted = bool(manifest and manifest.oauth and row.name == manifest.oauth.opens)
    known_from = (
        _("the vendor, asked daily") if is_told else _("when Kurogo was let in") if is_granted else _("a person")
    )
    return End(row, "bad" if left <= STAGES[0][0] else "act" if left <= STAGES[-1][0] else "", words, known_from)
