"""Money is an integer of minor units and a currency; no float ever, and no implied two decimals (JPY 0, USD 2, BHD 3)."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from enum import StrEnum
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision


class Rounding(StrEnum):
    """端数処理: what a merchant chooses for fractions of a minor unit."""

    HALF_UP = "half_up"
    DOWN = "down"
    UP = "up"


_MODES = {Rounding.HALF_UP: ROUND_HALF_UP, Rounding.DOWN: ROUND_DOWN, Rounding.UP: ROUND_UP}


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount: `minor` in the currency's smallest unit, `currency` an ISO 4217 code in capitals."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")
        return other

    @classmethod
    def of(cls, amount: Decimal | str, currency: str, rounding: Rounding = Rounding.HALF_UP) -> "Money":
        """From major units ("12.34"); a fraction below the minor unit is rounded as told."""
        return cls(to_minor(amount, currency, rounding), currency)

    @property
    def amount(self) -> Decimal:
        """In major units, exact."""
        return Decimal(self.minor).scaleb(-digits(self.currency))

    def display(self, locale: str = "ja") -> str:
        """For people: ¥1,234 · -$5.00 becomes −$5.00 (U+2212), as the screens ask."""
        return displayed(self.amount, self.currency, locale=locale)


def displayed(amount: Decimal, currency: str, *, locale: str = "ja") -> str:
    """An amount in major units for people; unit prices keep what is finer than the minor unit: ¥540.5."""
    said = format_currency(amount, currency, locale=locale, decimal_quantization=False)
    return said.replace("￥", "¥").replace("-", "−")


@lru_cache(maxsize=256)
def digits(currency: str) -> int:
    """Decimals of a currency's minor unit (ISO 4217, from CLDR by Babel)."""
    return int(get_currency_precision(currency))


def to_minor(amount: Decimal | str, currency: str, rounding: Rounding = Rounding.HALF_UP) -> int:
    """Major units to minor units. `Decimal` or its text; a float is refused."""
    if isinstance(amount, float):
        raise TypeError("money is never a float")
    return int(Decimal(amount).scaleb(digits(currency)).quantize(Decimal(1), rounding=_MODES[rounding]))


def round_minor(value: Decimal, rounding: Rounding = Rounding.HALF_UP) -> int:
    """A computed number of minor units with a fraction to a whole one, away from zero as told."""
    return int(value.quantize(Decimal(1), rounding=_MODES[rounding]))
