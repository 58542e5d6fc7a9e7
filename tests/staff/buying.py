"""A shop that buys, for the tests of the screens: a supplier with a list, a second place, and orders in every state."""

from decimal import Decimal
from uuid import UUID

from apps.flows import buy_goods
from apps.inventory import purchasing
from apps.inventory.models import Location, PurchaseOrder, Supplier, SupplierItem
from apps.inventory.purchasing import Wish
from tests.staff.builders import Shop, make_shop, make_variant


def make_buying_shop() -> tuple[Shop, Supplier]:
    """青葉堂 with TEA (10, sold in packs of 12 as MK-T) and MATCHA (no stock), bought of 丸久園 which may deliver 5 % more."""
    shop = make_shop()
    make_variant(shop, "TEA", 10, title="宇治煎茶", barcode="4901234500020")
    make_variant(shop, "MATCHA", 0, title="宇治抹茶", barcode="4901234500013")
    supplier = Supplier.objects.create(
        code="marukyu", name="丸久園", currency="JPY", lead_time_days=12, minimum_order_minor=20_000
    )
    SupplierItem.objects.create(
        supplier=supplier, variant=shop.variants["TEA"], code="MK-T", pack_size=12, price=Decimal("432.5")
    )
    SupplierItem.objects.create(supplier=supplier, variant=shop.variants["MATCHA"], price=Decimal(1180))
    Location.objects.create(code="shibuya", name="渋谷店")
    return shop, supplier


def drafted(shop: Shop, supplier: Supplier, **units: int) -> PurchaseOrder:
    """A draft of these units by SKU, at the list's prices."""
    wishes = [Wish(variant=shop.variants[sku].id, quantity=count) for sku, count in units.items()]
    return purchasing.draft(supplier, wishes, location=shop.location, actor="tanaka")


def placed(shop: Shop, supplier: Supplier, **units: int) -> PurchaseOrder:
    """An order that was placed."""
    return purchasing.place(drafted(shop, supplier, **units).id, actor="tanaka")


def came(order: PurchaseOrder, **units: int) -> None:
    """Units by SKU come."""
    ids = line_ids(order)
    buy_goods.receive(order.id, {ids[sku]: count for sku, count in units.items()}, slip="N-1", actor="kimura")


def line_ids(order: PurchaseOrder) -> dict[str, UUID]:
    """The lines of an order by SKU."""
    return {sku: id_ for id_, sku in order.lines.values_list("id", "variant__sku")}
