"""Consumption tax: dated rates, and rounding once per rate per document (国税庁, インボイス Q&A 57)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from apps.core.money import Rounding, round_minor
from apps.ledger.models import TaxRate

_rates: dict[tuple[str, str], list[TaxRate]] = {}


def rate_bp(tax_code: str, country: str, day: date) -> int | None:
    """The rate in basis points of a code in a country on a day; None where no rate is known."""
    key = (tax_code, country)
    if key not in _rates:
        _rates[key] = list(TaxRate.objects.filter(tax_code=tax_code, country=country).order_by("-from_day"))
    return next((rate.rate_bp for rate in _rates[key] if rate.from_day <= day), None)


def forget_rates() -> None:
    """Rates were edited: read them again."""
    _rates.clear()


def tax_by_rate(
    amounts: Iterable[tuple[int, int]], *, includes_tax: bool, rounding: Rounding = Rounding.DOWN
) -> dict[int, int]:
    """(rate in basis points, amount in minor units) -> tax per rate, rounded once per rate.

    With tax included: 10/110 and 8/108 of the sum; without: 10 % of the sum.
    """
    sums: dict[int, int] = defaultdict(int)
    for bp, minor in amounts:
        sums[bp] += minor
    return {
        bp: round_minor(Decimal(minor) * bp / (10_000 + bp if includes_tax else 10_000), rounding)
        for bp, minor in sums.items()
    }


def share(whole: int, *, before: int, units: int, of: int) -> int:
    """The part of `whole` that belongs to `units` of `of` units after the first `before`; the parts add up exactly."""
    return whole * (before + units) // of - whole * before // of
