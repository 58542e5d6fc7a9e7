"""Setting regular prices: products a hundred a call, variations a hundred a call of one product. Harmless to repeat."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.connectors.woocommerce import mapping_stock
from apps.connectors.woocommerce.client import Client, Refused
from apps.connectors.woocommerce.stock import rows_of
from apps.hub import contracts as c


def settle(client: Client, prices: Sequence[c.PriceTag]) -> list[c.PriceOutcome]:
    """One outcome for each price, in their order. Raises the hub's errors; then the whole push may be sent again."""
    batches, strange = mapping_stock.batches([c.StockQuantity(external_id=place_of(tag), quantity=0) for tag in prices])
    reason = "it is no product of WooCommerce's"
    outcomes = {place: _refused(prices[place], reason) for place in strange}
    for batch in batches:
        try:
            rows = rows_of(client.call("POST", batch.path, body=batch_body(batch, prices)))
        except Refused as error:
            outcomes |= {place: _refused(prices[place], str(error)) for place in batch.places}
            continue
        for place, id in zip(batch.places, batch.ids, strict=True):
            outcomes[place] = outcome(prices[place], rows.get(id))
    return [outcomes[place] for place in range(len(prices))]


def place_of(tag: c.PriceTag) -> str:
    """How a price is addressed: a variation under its product, which alone takes it."""
    if tag.product_external_id in ("", tag.external_id):
        return tag.external_id
    return f"{tag.product_external_id}/{tag.external_id}"


def batch_body(batch: mapping_stock.Batch, prices: Sequence[c.PriceTag]) -> dict[str, Any]:
    """The body of one call."""
    return {
        "update": [
            {"id": id, "regular_price": f"{prices[place].amount.normalize():f}"}
            for id, place in zip(batch.ids, batch.places, strict=True)
        ]
    }


def outcome(wanted: c.PriceTag, row: Mapping[str, Any] | None) -> c.PriceOutcome:
    """What became of one price."""
    error = row.get("error") if row else None
    if isinstance(error, Mapping):
        return _refused(wanted, str(error.get("message") or error.get("code") or "refused"))
    try:
        found = Decimal(str(row["regular_price"])) if row else None
    except (InvalidOperation, KeyError):
        found = None
    if found != wanted.amount:
        return _refused(wanted, "the shop tells no price" if found is None else f"the shop asks {found} instead")
    return c.PriceOutcome(external_id=wanted.external_id, is_set=True)


def _refused(tag: c.PriceTag, reason: str) -> c.PriceOutcome:
    return c.PriceOutcome(external_id=tag.external_id, is_set=False, error=reason)
