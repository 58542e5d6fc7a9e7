"""What amounts mean at a shop, and how the charges of an order come to what the customer owes.

Vendure counts in whole units of its own (hundredths by default, of yen, too), the house in minor units of the currency. What
rounding leaves over is a line or a tax of its own, so that the lines always add up to the order's total.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from apps.core.money import Money, to_minor

AS_TOLD = -1


@dataclass(frozen=True, slots=True)
class Scale:
    """`places` of Vendure's whole numbers below the major unit; whether listed prices include tax."""

    currency: str
    places: int
    includes_tax: bool

    @classmethod
    def of(cls, shop: Mapping[str, Any], currency: str, places: int = AS_TOLD) -> "Scale":
        """From the channel and the global settings, as our documents ask for them; `places` where a merchant knows better."""
        told = shop["globalSettings"]["serverConfig"]["moneyStrategyPrecision"]
        return cls(currency, told if places == AS_TOLD else places, bool(shop["activeChannel"]["pricesIncludeTax"]))

    @property
    def suffix(self) -> str:
        """The end of the names of the fields that hold listed prices."""
        return "WithTax" if self.includes_tax else ""

    def price(self, value: Any) -> Decimal:
        """In major units, exact."""
        return Decimal(str(value)).scaleb(-self.places)

    def minor(self, value: Any) -> int:
        """In minor units of the currency, half up."""
        return to_minor(self.price(value), self.currency)

    def major(self, minor: int) -> Decimal:
        """Minor units in major units, exact."""
        return Money(minor, self.currency).amount


@dataclass(slots=True)
class Charge:
    """One thing that is charged for, in minor units: `total` as listed, `paid` after discounts, `tax` that of `paid`.

    `lost`: the line was called off as a whole, and Vendure says no longer what discount it had.
    """

    kind: str
    title: str
    quantity: int
    external_id: str
    sku: str
    unit_price: Decimal
    total: int
    paid: int
    tax: int
    rate_bp: int | None
    lost: bool = False
    words: list[str] = field(default_factory=list)


def tax_of(amount: int, rate_bp: int | None, *, includes_tax: bool) -> int:
    """The tax in, or on, an amount of minor units."""
    rate = rate_bp or 0
    share = Decimal(amount) * rate / ((10_000 + rate) if includes_tax else 10_000)
    return int(share.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def summed(charges: Iterable[Charge], scale: Scale) -> int:
    """What the charges come to."""
    return sum(one.paid + (0 if scale.includes_tax else one.tax) for one in charges)


def take_off(charges: Sequence[Charge], amount: int, scale: Scale) -> bool:
    """Give lines that were called off the discount they had: what was owed less than listed, by their size.

    Answers whether the whole amount could be given.
    """
    lost = [one for one in charges if one.lost]
    whole = summed(lost, scale)
    if amount > whole:
        return False
    left = amount
    for one in lost:
        share = left if one is lost[-1] else amount * summed([one], scale) // whole
        left -= share
        net = share if scale.includes_tax else share - tax_of(share, one.rate_bp, includes_tax=True)
        one.paid -= net
        one.tax = tax_of(one.paid, one.rate_bp, includes_tax=scale.includes_tax)
    return True


def even_out(charges: list[Charge], difference: int, scale: Scale) -> None:
    """Add what rounding left over: to the largest tax where taxes are added, else as a charge of its own."""
    if not difference:
        return
    taxed = [one for one in charges if one.rate_bp]
    if not scale.includes_tax and taxed:
        max(taxed, key=lambda one: one.paid).tax += difference
        return
    charges.append(
        Charge(
            "fee" if difference > 0 else "discount", "Rounding", 1, "rounding", "",
            scale.major(difference), difference, difference, 0, None,
        )
    )  # fmt: skip
