"""How a channel takes numbers and how late it may be: what its connector declares, with the times that the merchant set."""

from datetime import timedelta

from apps.hub import registry
from apps.hub.abilities import StockManners, Writes
from apps.hub.models import Connection

_SHARED_WRITES = StockManners(writes=Writes.ABSOLUTE)


def manners(connection: Connection) -> StockManners:
    """How a channel takes numbers, with the times that the merchant set for it; a stranger is trusted with nothing."""
    manifest = registry.manifests().get(connection.connector)
    said = (manifest.stock if manifest else None) or _SHARED_WRITES
    rule = getattr(connection, "rule", None)
    if rule is None:
        return said
    return StockManners(
        writes=said.writes,
        many=said.many,
        settles=_minutes(rule.settles_minutes, said.settles),
        order_lag=_minutes(rule.order_lag_minutes, said.order_lag),
    )


def _minutes(minutes: int | None, otherwise: timedelta) -> timedelta:
    return otherwise if minutes is None else timedelta(minutes=minutes)
