"""What an article costs at a channel: our price, times a factor, plus an addition, never below the least margin, rounded up to
the ending that the merchant likes. Exact decimals; no price is sent from here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from uuid import UUID

from django.db.models import Sum

from apps.catalog.models import Price
from apps.channels.models import ChannelRule, Ending, Listing
from apps.channels.services import rule_of
from apps.core import clock, money, place
from apps.inventory.models import StockLevel
from apps.inventory.purchasing import home_currency
from apps.ledger import tax

# ending -> (step, tail): a price is a multiple of the step, plus the tail.
_ENDINGS: dict[str, tuple[Decimal, Decimal]] = {
    Ending.ONE: (Decimal(1), Decimal(0)),
    Ending.TEN: (Decimal(10), Decimal(0)),
    Ending.HUNDRED: (Decimal(100), Decimal(0)),
    Ending.EIGHTY: (Decimal(100), Decimal(80)),
    Ending.NINETY_EIGHT: (Decimal(100), Decimal(98)),
    Ending.NINETY_NINE_CENTS: (Decimal(1), Decimal("0.99")),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a listing should cost at its channel. `base`: our own price; `least`: what the least margin asks for, None where no
    cost is known or no margin is asked; `why` is one of own, rule, margin, base.
    """

    base: Decimal | None
    wanted: Decimal
    currency: str
    why: str
    least: Decimal | None = None


def rounded(amount: Decimal, ending: str, currency: str) -> Decimal:
    """The next price, at or above, that ends so; at least in whole minor units."""
    unit = Decimal(1).scaleb(-money.digits(currency))
    step, tail = _ENDINGS.get(ending, (unit, Decimal(0)))
    if tail % unit or step < unit:  # no such ending in this currency
        step, tail = max(step, unit), Decimal(0)
    times = ((amount - tail) / step).to_integral_value(ROUND_CEILING)
    return max(Decimal(0), times) * step + tail


def by_rule(
    rule: ChannelRule, base: Decimal, currency: str, *, cost: Decimal | None = None, tax_bp: int = 0
) -> tuple[Decimal, Decimal | None]:
    """(price by the rule, least price by its margin). `cost` of one unit without tax, `tax_bp` of the tax in the price."""
    price = base * (rule.price_factor or Decimal(1)) + rule.price_addition
    least = None
    if rule.least_margin is not None and cost is not None:
        net = cost / (1 - Decimal(rule.least_margin) / 100)
        least = net * (10_000 + tax_bp) / 10_000
    return rounded(max(price, least or Decimal(0), Decimal(0)), rule.price_ending, currency), least


def of(listings: Iterable[Listing], rule: ChannelRule | None = None) -> dict[UUID, Wanted]:
    """listing -> what it should cost, for those whose article has a price of ours. `rule`: instead of the channels' own."""
    rows = [row for row in listings if row.variant_id and row.variant]
    ours: dict[tuple[UUID, str], list[Price]] = {}
    for price in Price.objects.filter(variant__in={row.variant_id for row in rows}):
        ours.setdefault((price.variant_id, price.currency), []).append(price)
    costs = _costs({row.variant_id for row in rows if row.variant_id})
    found = {}
    for row in rows:
        if row.variant_id is None:
            continue
        # A channel that never told a price is told ours in the home currency.
        currency = row.currency or next((key[1] for key in ours if key[0] == row.variant_id), "")
        prices = ours.get((row.variant_id, currency), [])
        same = next((price for price in prices if price.includes_tax == row.price_includes_tax), None)
        found_price = _one(row, rule or rule_of(row.connection), same or next(iter(prices), None), costs, currency)
        if found_price:
            found[row.id] = found_price
    return found


def _one(
    row: Listing, rule: ChannelRule, price: Price | None, costs: dict[UUID, Decimal], currency: str
) -> Wanted | None:
    if price is None or row.variant is None:
        return None if row.own_price is None else Wanted(None, row.own_price, currency, "own")
    rate = tax.rate_bp(row.variant.tax_code_id, place.country(), clock.business_date()) or 0
    base = _as_there(price, row.price_includes_tax, rate, currency)
    if row.own_price is not None:
        return Wanted(base, row.own_price, currency, "own")
    if rule.price_factor is None:
        return Wanted(base, base, currency, "base")
    tax_bp = rate if row.price_includes_tax else 0
    wanted, least = by_rule(rule, base, currency, cost=costs.get(row.variant.id), tax_bp=tax_bp)
    plain, _ = by_rule(rule, base, currency)
    return Wanted(base, wanted, currency, "margin" if wanted != plain else "rule", least)


def _as_there(price: Price, includes_tax: bool, rate: int, currency: str) -> Decimal:
    """Our price as the channel tells prices: with tax or without it."""
    if price.includes_tax == includes_tax:
        return price.amount
    factor = Decimal(10_000 + rate) / 10_000
    converted = price.amount * factor if includes_tax else price.amount / factor
    return money.Money.of(converted, currency, money.Rounding.DOWN).amount


def _costs(variants: set[UUID]) -> dict[UUID, Decimal]:
    """What one unit on the shelf costs, on average over all places; nothing for what does not lie anywhere."""
    rows = StockLevel.objects.filter(variant__in=variants, on_hand__gt=0).values("variant")
    sums = rows.annotate(units=Sum("on_hand"), minor=Sum("value_minor")).values_list("variant", "units", "minor")
    exponent = money.digits(home_currency())
    return {variant: Decimal(minor).scaleb(-exponent) / units for variant, units, minor in sums}
