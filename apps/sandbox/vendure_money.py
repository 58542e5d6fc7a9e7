"""Amounts as the shop keeps them: whole numbers with so many decimals of the major unit, with and without tax."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from apps.core.money import digits


@dataclass(frozen=True, slots=True)
class Scale:
    """`places` decimals; whether listed prices include tax."""

    places: int
    includes_tax: bool

    def units(self, amount: Decimal) -> int:
        """Major units as the shop keeps them. Raises ValueError for a finer amount."""
        found = amount.scaleb(self.places)
        if found != found.to_integral_value():
            raise ValueError(f"{amount} is finer than the shop's {self.places} decimals")
        return int(found)

    def of_minor(self, minor: int, currency: str) -> int:
        """Minor units of a currency as the shop keeps them."""
        return self.units(Decimal(minor).scaleb(-digits(currency)))

    def both(self, listed: int, rate_bp: int) -> tuple[int, int]:
        """(without tax, with tax) of a listed amount."""
        share = Decimal(listed) * rate_bp / ((10_000 + rate_bp) if self.includes_tax else 10_000)
        tax = int(share.quantize(Decimal(1), rounding=ROUND_HALF_UP))
        return (listed - tax, listed) if self.includes_tax else (listed, listed + tax)
