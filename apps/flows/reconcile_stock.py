"""The night's stock: every channel shows what is free to sell. A number that somebody changed over there is set right.

What channels show is read before the night repairs anything (`look`) and judged afterwards (`judge`): a sale that was lost until
tonight has lowered what its channel shows, which explains exactly its units and nothing more.
"""

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Sum

from apps.channels import services as channels
from apps.channels.models import Listing
from apps.core.ids import uuid7
from apps.flows import asking, lease_stock, push_stock, repairs
from apps.hub import connections
from apps.hub.models import Connection, JobRun
from apps.orders.models import OrderLine
from apps.reconciliation import services as reconciliation
from apps.reconciliation.models import Difference, Statement

LEG = "stock"


def look(run: JobRun) -> None:
    """Read what every channel shows and remember what differs; a silent one is stale, never matched.

    Raises `asking.Again`.
    """
    seen: dict[str, Any] = run.progress.setdefault("shown", {})
    listed = set(Listing.objects.order_by().values_list("connection", flat=True).distinct())
    whom = [connection for connection in connections.with_ability("stock.read") if connection.id in listed]

    def ask(connection: Connection) -> None:
        seen[str(connection.id)] = _look(connection)

    asking.ask_all(run, LEG, whom, ask)


def _look(connection: Connection) -> dict[str, Any]:
    """Counts, and [listing, ours, theirs] where they differ.

    While a push is under way the channel may show either number: what cannot be judged is not called a match. A number that
    we came to believe while the channel was being read is judged the next night.
    """
    live = connections.live(connection.id)
    if live is None:
        return {"can_judge": False, "theirs": 0, "ours": 0, "matched": 0, "differing": [], "missing": []}
    before = dict(_clean(connection).values_list("id", "shown"))
    can_judge = not push_stock.under_way(connection)
    shown = {word.external_id: word.quantity for page in live.connector().shown_stock() for word in page}
    can_judge = can_judge and not push_stock.under_way(connection)
    rows = _clean(connection).select_related("connection", "connection__rule")
    still = [row for row in rows if before.get(row.id, ...) == row.shown]
    wanted = channels.wanted(still)
    differing, missing, matched = [], [], 0
    for row in still:
        theirs, ours = shown.get(row.stock_external_id or row.external_id), wanted[row.id]
        if theirs is not None and theirs != ours:
            differing.append([str(row.id), ours, theirs])
        if theirs is None and row.set_at is not None:
            missing.append(str(row.id))  # it took numbers for something that it does not show
        matched += theirs == ours
    return {
        "can_judge": can_judge, "theirs": len(shown), "ours": len(still), "matched": matched,
        "differing": differing if can_judge else [], "missing": missing if can_judge else [],
    }  # fmt: skip


def _clean(connection: Connection) -> QuerySet[Listing]:
    """Its listings that need not be told anything."""
    return Listing.objects.filter(connection=connection, variant__isnull=False, is_dirty=False)


def judge(run: JobRun) -> None:
    """What sales that were lost until tonight do not explain was changed over there: noted, and told again."""
    seen: dict[str, Any] = run.progress.get("shown", {})
    for connection in Connection.objects.filter(id__in=list(seen)):
        facts = seen[str(connection.id)]
        lost = _sold_tonight(connection, run)
        rows = Listing.objects.in_bulk([UUID(listing) for listing, _, _ in facts["differing"]])
        drifted = 0
        for listing, ours, theirs in facts["differing"]:
            row = rows[UUID(listing)]
            if theirs == ours - lost.get(row.variant_id, 0):
                continue
            drifted += reconciliation.note(
                Difference.Kind.STOCK_DRIFT, connection, row.stock_external_id or row.external_id,
                evidence={"sku": row.sku, "ours": ours, "theirs": theirs, "sold_unheard": lost.get(row.variant_id, 0)},
                is_repaired=True, period=run.period,
            )  # fmt: skip
            _believe(row, theirs)
        # Told again: with compare-and-set the channel's own number comes back with the refusal and is then overwritten.
        Listing.objects.filter(id__in=list(rows)).update(is_dirty=True)
        missing = [UUID(listing) for listing in facts.get("missing", ())]
        if facts["can_judge"]:
            channels.not_shown(connection, missing)
        verdict = Statement.Verdict.DIFFERENT if drifted or missing else Statement.Verdict.MATCHED
        reconciliation.keep_statement(
            connection, LEG, run.period, verdict=verdict if facts["can_judge"] else Statement.Verdict.STALE,
            theirs=facts["theirs"], ours=facts["ours"], matched=facts["matched"], repaired=drifted,
            detail={"not_shown": len(missing)} if missing else None,
        )  # fmt: skip
        repairs.count(connection.id, drifted)


def _believe(row: Listing, theirs: int) -> None:
    """Of a leased variant the number that was found is a promise of the channel's, until it has been told another."""
    with transaction.atomic():
        lease_stock.lock([row.variant_id] if row.variant_id else [])
        lease_stock.settle(channels.found(row, theirs), cause=uuid7())


def _sold_tonight(connection: Connection, run: JobRun) -> dict[UUID | None, int]:
    """Units by variant of this channel's sales that came to light since the night began."""
    lines = OrderLine.objects.filter(
        order__channel=connection, order__taken_at__gte=run.started_at, variant__isnull=False, quantity__gt=0
    )
    sold: dict[UUID | None, int] = defaultdict(int)
    for variant, units in lines.values_list("variant").annotate(units=Sum("quantity")):
        sold[variant] += units
    return sold
