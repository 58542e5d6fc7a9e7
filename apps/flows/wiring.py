"""Who does what for a brand: its provider, its carrier, its mailer. The first active connection with the ability; read anew
every few seconds, because a merchant may pause one at any time (a paused one still owns what was given to it)."""

import time
from uuid import UUID

from apps.hub import registry
from apps.hub.models import Connection

_SECONDS = 3.0
_held: tuple[float, list[Connection]] = (0.0, [])


def _all() -> list[Connection]:
    global _held  # noqa: PLW0603 - a few seconds of memory for the whole process
    if _held[0] < time.monotonic():
        _held = (time.monotonic() + _SECONDS, _live())
    return _held[1]


def _live() -> list[Connection]:
    set_up = Connection.objects.exclude(status=Connection.Status.SETUP)
    return list(set_up.select_related("brand").order_by("id"))


def forget() -> None:
    """Read again at the next question (after a change in this process, and between tests)."""
    global _held  # noqa: PLW0603 - the same memory
    _held = (0.0, [])


def with_ability(ability: str, brand_id: UUID | None = None) -> list[Connection]:
    """Connections that have an ability, oldest first; the paused ones too."""
    manifests = registry.manifests()
    return [
        row
        for row in _all()
        if (manifest := manifests.get(row.connector)) and ability in manifest.abilities
        and (brand_id is None or row.brand_id == brand_id)
    ]  # fmt: skip


def first(ability: str, brand_id: UUID) -> Connection | None:
    """The connection that does this for a brand; another brand's where it has none of its own."""
    return next(iter(with_ability(ability, brand_id) or with_ability(ability)), None)


def carrier(brand_id: UUID) -> Connection | None:
    """The connection that carries for a brand where nobody chose: the oldest that sells labels or works by files."""
    rows = [row for row in _all() if has(row, "label") or has(row, "label.file")]
    return next((row for row in rows if row.brand_id == brand_id), next(iter(rows), None))


def has(connection: Connection, ability: str) -> bool:
    """Whether a connection's connector has an ability."""
    manifest = registry.manifests().get(connection.connector)
    return bool(manifest and ability in manifest.abilities)


def collects_by_itself(connection: Connection) -> bool:
    """Whether the channel's own checkout asks the customer for the money; a channel of files does not."""
    return not has(connection, "files")
