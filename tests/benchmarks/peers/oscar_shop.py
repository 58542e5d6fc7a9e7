"""django-oscar's own way of placing an order, told what to do line by line; runs in its own environment and knows nothing of ours.

Each order goes the way of Oscar's checkout: its basket is read, offers are applied, shipping and total are calculated, the
availability of each line is asked, then `OrderCreator.place_order`. Filling the basket is not measured, nor is payment.
Reads JSON lines from stdin, answers each with one on stdout.
"""

import json
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "oscar_settings"
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import F, Sum  # noqa: E402
from oscar.core.loading import get_class, get_model  # noqa: E402

Applicator = get_class("offer.applicator", "Applicator")
OrderCreator = get_class("order.utils", "OrderCreator")
OrderNumberGenerator = get_class("order.utils", "OrderNumberGenerator")
OrderTotalCalculator = get_class("checkout.calculators", "OrderTotalCalculator")
Repository = get_class("shipping.repository", "Repository")
Selector = get_class("partner.strategy", "Selector")
Basket, Country = get_model("basket", "Basket"), get_model("address", "Country")
Category, Order = get_model("catalogue", "Category"), get_model("order", "Order")
Partner, StockRecord = get_model("partner", "Partner"), get_model("partner", "StockRecord")
Product, ProductClass = get_model("catalogue", "Product"), get_model("catalogue", "ProductClass")
ShippingAddress = get_model("order", "ShippingAddress")

ARTICLES, PLENTY = 1000, 5_000_000


class Refused(Exception):
    """Oscar's own check says that there is not enough."""


def prepare() -> dict[str, Any]:
    """Tables, a thousand articles with stock, one country."""
    call_command("migrate", verbosity=0, interactive=False)
    kind = ProductClass.objects.create(name="Goods", requires_shipping=True, track_stock=True)
    partner = Partner.objects.create(name="Bench")
    Country.objects.create(iso_3166_1_a2="JP", printable_name="Japan", name="Japan", is_shipping_country=True)
    for number in range(ARTICLES):
        product = Product.objects.create(
            product_class=kind, title=f"Article {number}", slug=f"a{number}", upc=f"U{number}"
        )
        StockRecord.objects.create(
            product=product, partner=partner, partner_sku=f"S{number}", price_currency="JPY", price=Decimal(1100),
            num_in_stock=PLENTY,
        )  # fmt: skip
    return {"articles": ARTICLES}


def basket_of(products: list[Any]) -> int:
    """A customer's basket, one to three of each; its id."""
    basket = Basket.objects.create()
    basket.strategy = Selector().strategy()
    for product in products:
        basket.add_product(product, quantity=random.randint(1, 3) if len(products) > 1 else 1)
    return int(basket.id)


def place(basket_id: int) -> Any:
    """The checkout's last step. Raises `Refused` where Oscar's own check says no."""
    basket = Basket.objects.get(id=basket_id)
    basket.strategy = Selector().strategy()
    Applicator().apply(basket)
    for line in basket.all_lines():
        is_permitted, _ = line.purchase_info.availability.is_purchase_permitted(line.quantity)
        if not is_permitted:
            raise Refused
    method = Repository().get_default_shipping_method(basket=basket, shipping_addr=None)
    charge = method.calculate(basket)
    total = OrderTotalCalculator().calculate(basket, charge)
    address = ShippingAddress(
        first_name="Rina", last_name="Kato", line1="神宮前1", line4="渋谷区", state="東京都", postcode="1500001",
        country_id="JP",
    )  # fmt: skip
    address.save()
    order = OrderCreator().place_order(
        basket=basket, total=total, shipping_method=method, shipping_charge=charge, shipping_address=address,
        order_number=OrderNumberGenerator().order_number(basket),
    )  # fmt: skip
    basket.submit()
    return order


def turn(seconds: float, lines: int) -> dict[str, Any]:
    """Orders of so many lines for so many seconds."""
    products = list(Product.objects.order_by("id"))
    units, spent, cpu = 0, 0.0, 0.0
    while spent < seconds:
        basket = basket_of(random.sample(products, lines))
        wall, used = time.perf_counter(), time.process_time()
        place(basket)
        cpu += time.process_time() - used
        spent += time.perf_counter() - wall
        units += 1
    return {"units": units, "seconds": spent, "python_cpu": cpu}


def statements(lines: int) -> dict[str, Any]:
    """How many statements one order takes."""
    seen: list[str] = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    basket = basket_of(list(Product.objects.order_by("id")[:lines]))
    with connection.execute_wrapper(count):
        place(basket)
    return {"statements": len(seen)}


def race(threads: int, units: int, wanted: int) -> dict[str, Any]:
    """Customers at once on the last units of one article, each order one unit; what was sold beyond what was there."""
    record = StockRecord.objects.order_by("?").first()
    StockRecord.objects.filter(id=record.id).update(num_in_stock=F("num_allocated") + units)
    before = StockRecord.objects.get(id=record.id).num_allocated or 0
    StockRecord.objects.filter(id=record.id, num_allocated=None).update(num_in_stock=units)
    baskets = [basket_of([record.product]) for _ in range(wanted)]
    together = threading.Barrier(threads)

    def buy(mine: list[int]) -> int:
        together.wait(30)
        placed = 0
        try:
            for basket in mine:
                try:
                    place(basket)
                    placed += 1
                except Refused:
                    continue
        finally:
            connection.close()
        return placed

    with ThreadPoolExecutor(threads) as pool:
        placed = sum(pool.map(buy, [baskets[number::threads] for number in range(threads)]))
    sold = (StockRecord.objects.get(id=record.id).num_allocated or 0) - before
    return {"placed": placed, "sold": sold, "oversold": max(0, sold - units)}


def audit() -> dict[str, Any]:
    """Orders, and units of their lines beside units allocated."""
    lines = Order.objects.aggregate(units=Sum("lines__quantity"))["units"] or 0
    allocated = StockRecord.objects.aggregate(units=Sum("num_allocated"))["units"] or 0
    return {"orders": Order.objects.count(), "units": lines, "allocated": allocated}


def main() -> None:
    """Until stdin ends."""
    known = {"prepare": prepare, "turn": turn, "statements": statements, "race": race, "audit": audit}
    for line in sys.stdin:
        asked = json.loads(line)
        sys.stdout.write(json.dumps(known[asked.pop("do")](**asked)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
