"""Goods on their way in a shop that lives: ordered, come in part and beyond, with their freight, and moved between places."""

from decimal import Decimal

from apps.catalog.models import Variant
from apps.flows import buy_goods, move_goods
from apps.inventory import arrivals, purchasing, transfers
from apps.inventory.landing import Bill
from apps.inventory.models import PurchaseOrder, Supplier, Surplus, Transfer
from tests import builders


def supplier(code: str = "kiln", **facts) -> Supplier:
    """Somebody who sells in yen and may deliver nothing beyond, unless told otherwise."""
    defaults = {"name": code, "currency": "JPY", "over_receipt_percent": 0} | facts
    return Supplier.objects.get_or_create(code=code, defaults=defaults)[0]


def ordered(*wishes: tuple[Variant, int, str], rate: Decimal | None = None, **facts) -> PurchaseOrder:
    """A placed order of `(article, units, price)`."""
    made = purchasing.draft(
        supplier(**facts),
        [purchasing.Wish(variant=article.id, quantity=units, price=Decimal(price)) for article, units, price in wishes],
        location=builders.location(), actor="hana", rate=rate,
    )  # fmt: skip
    return purchasing.place(made.id, actor="hana")


def come(order: PurchaseOrder, *units: int, slip: str = "") -> arrivals.Arrived:
    """Units of the order's lines come, in their order; 0 for a line of which nothing came."""
    lines = order.lines.order_by("number")
    counts = {line.id: count for line, count in zip(lines, units, strict=True) if count}
    return buy_goods.receive(order.id, counts, slip=slip, actor="wako")


def land(amount_minor: int, *orders: PurchaseOrder, basis: str = "value", kind: str = "freight"):
    """A bill for everything that came of these orders."""
    receipts = [receipt.id for order in orders for receipt in order.receipts.all()]
    return buy_goods.land(Bill(kind=kind, basis=basis, amount_minor=amount_minor), receipts, actor="keiri")


def sent(article: Variant, units: int, *, to: str = "shop", origin: str = "main") -> Transfer:
    """Units on their way between two places."""
    places = (builders.location(origin), builders.location(to))
    made = transfers.draft(*places, [transfers.Wish(article.id, units)], actor="hana")
    return move_goods.send(made.id, actor="hana")


def arrive(transfer: Transfer, units: int, *, lost: str = "") -> transfers.Moved:
    """Units of a transfer of one line come, or are lost for this reason."""
    wanted = {transfer.lines.get().id: units}
    if lost:
        return move_goods.lose(transfer.id, wanted, actor="wako", reason=lost)
    return move_goods.receive(transfer.id, wanted, actor="wako")


def live() -> None:
    """A bit of everything, left as it is in the middle of a day: a part has come, a part is on its way, surplus waits."""
    box = builders.variant("BOX")
    first = ordered((box, 20, "350.5"), (builders.variant("LID"), 4, "90"))
    come(first, 12, 0)
    land(1000, first)
    transfer = sent(box, 5)
    arrive(transfer, 3)
    arrive(transfer, 1, lost="a box fell off the cart")
    land(333, first, basis="quantity", kind="duty")
    come(first, 10, 3)
    beyond = ordered((box, 2, "300"))
    come(beyond, 5)
    buy_goods.decide(Surplus.objects.get(receipt__order=beyond).id, keep=True, actor="hana", reason="sells well")
    late = ordered((box, 3, "300"))
    come(late, 1)
    purchasing.end(late.id, actor="hana", reason="sold out there")
