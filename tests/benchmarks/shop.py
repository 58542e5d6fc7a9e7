"""The shop that is measured: one brand, one channel, one payment provider, a thousand articles with stock, and its sales.

Sales are made from a seed. A *hot* sale's first line is the one article that everybody wants; a *spread* one takes articles
at random. One article in fifty is scarce, so that the decision who goes short is made and not only paid for.
"""

import itertools
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from django.db import connection as database

from apps.catalog.models import Product, Variant
from apps.channels.models import Listing
from apps.core import clock
from apps.core.ids import uuid7
from apps.core.models import Brand, Company
from apps.flows import wiring
from apps.hub import connections
from apps.hub.contracts import Address, CustomerCard, LineDraft, OrderDraft
from apps.hub.models import Connection
from apps.inventory import shelf
from apps.inventory.models import Location
from apps.inventory.shelf import ReceiptRow

ARTICLES = 1000
HOT = "HOT"
PLENTY, SCARCE, EACH_SCARCE = 5_000_000, 40, 50
REGULARS = 3  # one sale in so many is by somebody who bought before, to the same address
HOOK_SECRET = "benchmark-hook-secret"
PLACED = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@dataclass
class Shop:
    """Where sales come from and go to. `numbers` makes ids that are never used twice in one run."""

    channel: Connection
    provider: Connection
    location: Location
    skus: list[str]
    seed: int
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def sales(self, count: int, *, lines: int, hot: str = "") -> list[OrderDraft]:
        """So many new sales of so many lines; `hot` is the article of every first line."""
        return [self._sale(next(self.numbers), lines, hot) for _ in range(count)]

    def _sale(self, number: int, lines: int, hot: str) -> OrderDraft:
        dice = random.Random(f"{self.seed}/{number}")
        skus = dice.sample(self.skus, lines)
        if hot:
            skus[0] = hot
        wanted = tuple(_line(place, sku, dice) for place, sku in enumerate(skus, start=1))
        person = number if number % REGULARS else number % 600
        return OrderDraft(
            external_id=f"b{number}", number=f"#B{number}", version=1, placed_at=PLACED, currency="JPY",
            total_minor=sum(line.total_minor for line in wanted), lines=wanted, payment_method="card",
            payment_raw="stripe", customer=_card(person), ship_to=_address(person),
        )  # fmt: skip


def _line(number: int, sku: str, dice: random.Random) -> LineDraft:
    units, price = dice.randint(1, 3), 100 * dice.randint(3, 90)
    return LineDraft(
        number=number, kind="item", title=f"Article {sku}", quantity=units, total_minor=units * price,
        unit_price=Decimal(price), external_id=str(number), sku=sku, tax_rate_bp=1000, tax_minor=units * price // 11,
    )  # fmt: skip


def _card(person: int) -> CustomerCard:
    return CustomerCard(external_id=str(person), email=f"p{person}@example.com", name=f"Person {person}", locale="ja")


def _address(person: int) -> Address:
    return Address(
        name=f"Person {person}", postal_code="150-0001", country="JP", region="東京都", city="渋谷区",
        line1=f"神宮前{person}", phone="03-0000-0000",
    )  # fmt: skip


def build(seed: int, *, articles: int = ARTICLES, extra_skus: tuple[str, ...] = ()) -> Shop:
    """Make the shop in an empty database. `extra_skus` are articles that no spread sale takes, with plenty of stock."""
    Company.objects.get_or_create(defaults={"name": "Benchmark"})
    brand = Brand.objects.create(code="bench", name="Bench")
    channel = connections.create(
        brand=brand, connector="shopify", name="Bench shop", settings={"location_id": "1"},
        secrets={"webhook_secret": HOOK_SECRET},
    )  # fmt: skip
    provider = Connection.objects.create(brand=brand, connector="stripe", name="Bench money", created_at=clock.now())
    location = Location.objects.create(code="bench", name="Bench", is_default=True)
    skus = [f"S{number:05}" for number in range(articles)]
    everything = [*skus, HOT, *extra_skus]
    products = [Product(id=uuid7(), brand=brand, title=sku) for sku in everything]
    variants = [
        Variant(id=uuid7(), product=product, sku=product.title, title=product.title, tax_code_id="standard")
        for product in products
    ]
    Product.objects.bulk_create(products)
    Variant.objects.bulk_create(variants)
    units = [SCARCE if 0 < number < articles and number % EACH_SCARCE == 0 else PLENTY for number in range(len(skus))]
    units += [PLENTY] * (len(everything) - len(skus))
    shelf.receive(
        "bench-opening",
        [
            ReceiptRow(number=number, variant=variant.id, quantity=count, unit_cost=Decimal(100))
            for number, (variant, count) in enumerate(zip(variants, units, strict=True), start=1)
        ],
        location=location, source=None, at=clock.now(), currency="JPY", actor="bench", is_opening=True,
    )  # fmt: skip
    Listing.objects.bulk_create(
        Listing(
            id=uuid7(), connection=channel, variant=variant, sku=variant.sku, external_id=f"v{variant.sku}", shown=count
        )
        for variant, count in zip(variants, units, strict=True)
    )
    wiring.forget()
    settle()
    return Shop(channel, provider, location, skus, seed)


def mark_whole() -> None:
    """This database is as it should be: a later part may use it (`found`)."""
    Brand.objects.filter(code="bench").update(name="Bench, whole")


def found(seed: int) -> Shop | None:
    """The shop of a database that was made before; None where its making was broken off. Its sales are new ones."""
    if not Brand.objects.filter(code="bench", name="Bench, whole").exists():
        return None
    channel = Connection.objects.select_related("brand").get(name="Bench shop")
    provider, location = Connection.objects.get(name="Bench money"), Location.objects.get(code="bench")
    skus = list(Variant.objects.filter(sku__regex="^S[0-9]{5}$").order_by("sku").values_list("sku", flat=True))
    numbers = itertools.count(1 + 1_000_000 * (1 + secrets.randbelow(1_000_000)))
    return Shop(channel, provider, location, skus, seed, numbers)


def settle() -> None:
    """Fresh statistics, so that no plan is made from an empty table's."""
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")
