"""The night's second leg: every channel shows what is free to sell. A number that somebody changed over there is set right."""

from uuid import UUID

from apps.channels import services as channels
from apps.channels.models import Listing
from apps.flows import push_stock, repairs
from apps.hub import connections, errors
from apps.hub.models import Connection
from apps.reconciliation import services as reconciliation
from apps.reconciliation.models import Difference, Statement

LEG = "stock"


def compare(period: str) -> None:
    """Compare with every channel that tells what it shows; a silent one is stale, never matched."""
    for connection in connections.with_ability("stock.read"):
        if not Listing.objects.filter(connection=connection).exists():
            continue
        try:
            _compare(connection, period)
        except errors.VendorError as error:
            connections.failed(connection.id, str(error))
            reconciliation.keep_statement(
                connection, LEG, period, verdict=Statement.Verdict.STALE, detail={"reason": str(error)}
            )


def _believed(connection: Connection) -> dict[UUID, int | None]:
    """What we believe each of its listings shows, of those that need not be told anything."""
    rows = Listing.objects.filter(connection=connection, variant__isnull=False, is_dirty=False)
    return dict(rows.values_list("id", "shown"))


def _compare(connection: Connection, period: str) -> None:
    live = connections.live(connection.id)
    if live is None:
        return
    # While a push is under way the channel may show either number: what cannot be judged is not called a match. A number
    # that we came to believe while the channel was being read is judged the next night.
    before = _believed(connection)
    can_judge = not push_stock.under_way(connection)
    shown = {word.external_id: word.quantity for page in live.connector().shown_stock() for word in page}
    can_judge = can_judge and not push_stock.under_way(connection)
    clean = Listing.objects.filter(connection=connection, variant__isnull=False, is_dirty=False)
    listings = [row for row in clean if before.get(row.id, ...) == row.shown]
    free = channels.sellable(row.variant_id for row in listings if row.variant_id)
    drifted = []
    matched = 0
    for row in listings if can_judge else ():
        theirs = shown.get(row.stock_external_id or row.external_id)
        ours = max(0, free[row.variant_id] - row.buffer) if row.variant_id else 0
        if theirs is None or theirs == ours:
            matched += theirs is not None
        else:
            drifted.append((row, ours, theirs))
    for row, ours, theirs in drifted:
        reconciliation.note(
            Difference.Kind.STOCK_DRIFT, connection, row.stock_external_id or row.external_id,
            evidence={"sku": row.sku, "ours": ours, "theirs": theirs, "believed": row.shown}, is_repaired=True, period=period,
        )  # fmt: skip
        row.shown, row.is_dirty = theirs, True
    Listing.objects.bulk_update([row for row, _, _ in drifted], ["shown", "is_dirty"])
    verdict = Statement.Verdict.DIFFERENT if drifted else Statement.Verdict.MATCHED
    reconciliation.keep_statement(
        connection, LEG, period, verdict=verdict if can_judge else Statement.Verdict.STALE, theirs=len(shown),
        ours=len(listings), matched=matched, repaired=len(drifted),
    )  # fmt: skip
    repairs.count(connection.id, len(drifted))
