"""The night's stock: every channel shows what is free to sell. A number that somebody changed over there is set right.

What channels show is read before the night repairs anything (`look`) and judged afterwards (`judge`): a sale that was lost until
tonight has lowered what its channel shows, which explains exactly its units and nothing more. Every part of a difference has its
cause (`drift`), by what is written down of orders, pushes and links.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from apps.catalog.services import list_price
from apps.channels import services as channels
from apps.channels.models import Listing
from apps.channels.states import SellingState
from apps.core import clock, money
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.flows import asking, lease_stock, push_stock, repairs, why_number
from apps.flows.drift import NOTED, Cause, Drifted, explain
from apps.flows.drift_evidence import Evidence
from apps.flows.reckoning import should_show
from apps.hub import connections
from apps.hub.contracts import StockQuantity
from apps.hub.models import Connection, JobRun, Repair
from apps.reconciliation import services as reconciliation
from apps.reconciliation.models import Difference, Statement, StockDrift

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
    """Counts, and what differs: for each such listing what it should show, what we believe and what it shows.

    While a push is under way the channel may show either number: what cannot be judged is not called a match. A number that
    we came to believe while the channel was being read is judged the next night.
    """
    live = connections.live(connection.id)
    if live is None:
        return {"can_judge": False, "theirs": 0, "ours": 0, "matched": 0, "differing": [], "missing": []}
    before = {row[0]: row[1:] for row in _clean(connection).values_list("id", "shown", "set_at", "pushing")}
    can_judge = not push_stock.under_way(connection)
    shown = _Shown(word for page in live.connector().shown_stock() for word in page)
    can_judge = can_judge and not push_stock.under_way(connection)
    rows = _clean(connection).select_related("connection", "connection__rule")
    still = [row for row in rows if before.get(row.id) == (row.shown, row.set_at, row.pushing)]
    # A number that was right before a channel went blind stays until the article moves again.
    either = [channels.wanted(still, unheard=kept) for kept in (push_stock.unheard(), {})]
    differing, missing, matched = [], [], 0
    for row in still:
        theirs, ours = shown.of(row), {wanted[row.id] for wanted in either}
        if row.pushing is not None or (theirs is not None and theirs not in ours):
            facts = _facts(row, theirs)
            if facts:
                differing.append(facts)
        if theirs is None and row.set_at is not None and row.pushing is None:
            missing.append(str(row.id))  # it took numbers for something that it does not show
        matched += theirs in ours
    return {
        "can_judge": can_judge, "theirs": len(shown), "ours": len(still), "matched": matched, "differing": differing,
        "missing": missing if can_judge else [], "at": clock.now().isoformat(),
    }  # fmt: skip


class _Shown:
    """What is shown of each thing, at each location that was told of."""

    def __init__(self, words: Iterable[StockQuantity]) -> None:
        self.places: dict[str, dict[str, int]] = {}  # location -> thing -> number
        for word in words:
            self.places.setdefault(word.location_external_id, {})[word.external_id] = word.quantity

    def of(self, row: Listing) -> int | None:
        """At the listing's own location; where nothing is told of that, at the first that is told of."""
        own = self.places.get(row.location_external_id) or next(iter(self.places.values()), {})
        return own.get(row.stock_external_id or row.external_id)

    def __len__(self) -> int:
        return len({thing for things in self.places.values() for thing in things})


def _facts(row: Listing, theirs: int | None) -> dict[str, Any] | None:
    """One listing that differs, as it was looked at; nothing where it shows what it should after all."""
    believed = row.shown or 0
    facts = why_number.facts_of(row)
    can_be_told = facts.state == SellingState.SHARED and row.pushing is None and not facts.trouble
    right = should_show(facts) if can_be_told else believed
    if theirs is None or theirs == max(0, right) or (row.shown is None and row.pushing is not None):
        return None
    return {
        "listing": str(row.id), "right": max(0, right) if row.pushing is None else right, "believed": believed,
        "theirs": theirs, "pushing": row.pushing, "set_at": row.set_at.isoformat() if row.set_at else "",
    }  # fmt: skip


def _clean(connection: Connection) -> QuerySet[Listing]:
    """Its listings that need not be told anything."""
    return Listing.objects.filter(connection=connection, variant__isnull=False, is_dirty=False)


def judge(run: JobRun) -> None:
    """Each difference is classed by its cause. What a person or a fault of ours brought about is noted, and told again."""
    seen: dict[str, Any] = run.progress.get("shown", {})
    for connection in Connection.objects.filter(id__in=list(seen)):
        facts = seen[str(connection.id)]
        rows = Listing.objects.select_related("variant").in_bulk([UUID(one["listing"]) for one in facts["differing"]])
        looked_at = datetime.fromisoformat(facts["at"]) if "at" in facts else clock.now()
        evidence = Evidence(connection, rows.values(), looked_at=looked_at)
        drifted = 0
        for one in facts["differing"]:
            row = rows[UUID(one["listing"])]
            causes = explain(evidence.seen(row, one))
            if one["pushing"] is not None and not {part.cause for part in causes} <= {Cause.MISSED, Cause.LATE}:
                continue  # it may be either number, and is neither: judged when the push is settled
            _keep(connection, row, causes, period=run.period)
            if {part.cause for part in causes} & NOTED:
                drifted += _note(connection, row, one, causes, period=run.period)
                _believe(row, one["theirs"])
        # Told again: with compare-and-set the channel's own number comes back with the refusal and is then overwritten.
        Listing.objects.filter(id__in=list(rows), pushing=None).update(is_dirty=True)
        missing = [UUID(listing) for listing in facts.get("missing", ())]
        if facts["can_judge"]:
            channels.not_shown(connection, missing)
        verdict = Statement.Verdict.DIFFERENT if drifted or missing else Statement.Verdict.MATCHED
        reconciliation.keep_statement(
            connection, LEG, run.period, verdict=verdict if facts["can_judge"] else Statement.Verdict.STALE,
            theirs=facts["theirs"], ours=facts["ours"], matched=facts["matched"], repaired=drifted,
            detail={"not_shown": len(missing)} if missing else None,
        )  # fmt: skip
        repairs.count(connection.id, drifted, kind=Repair.Kind.STOCK)


def _note(connection: Connection, row: Listing, one: dict[str, Any], causes: list[Drifted], *, period: str) -> bool:
    return reconciliation.note(
        Difference.Kind.STOCK_DRIFT, connection, row.stock_external_id or row.external_id,
        evidence={
            "sku": row.sku, "ours": one["right"], "theirs": one["theirs"],
            "causes": [{"cause": part.cause, "units": part.units, **part.evidence} for part in causes],
        },
        is_repaired=True, period=period,
    )  # fmt: skip


def _keep(connection: Connection, row: Listing, causes: list[Drifted], *, period: str) -> None:
    """Every part with its cause, and what its units sell for."""
    currency = Company.objects.values_list("currency", flat=True).first() or "JPY"
    price = list_price(row.variant_id, currency) if row.variant_id else None
    reconciliation.keep_drifts(
        StockDrift(
            id=uuid7(), connection=connection, period=period, thing=(row.stock_external_id or row.external_id)[:160],
            sku=row.sku, part=number, cause=part.cause, units=part.units, currency=currency, evidence=dict(part.evidence),
            value_minor=None if price is None else money.to_minor(price * part.units, currency), found_at=clock.now(),
        )
        for number, part in enumerate(causes)
    )  # fmt: skip


def _believe(row: Listing, theirs: int) -> None:
    """Of a leased variant the number that was found is a promise of the channel's, until it has been told another."""
    with transaction.atomic():
        lease_stock.lock([row.variant_id] if row.variant_id else [])
        lease_stock.settle(channels.found(row, theirs), cause=uuid7())
