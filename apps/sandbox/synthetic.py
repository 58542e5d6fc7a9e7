"""Orders with the same kinds of dirt as the real ones, from a seed, in the same columns: for whoever has not the file.

Shares are those of the real set (22 lines an order, a quarter of guests, a sixth of the numbers cancellations that
match sales only partly, write-offs, fees, prices of nothing, codes that differ only in letter case, one huge order
cancelled at once); every product, customer and moment is made up.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from apps.sandbox.retail import COLUMNS

START = datetime(2010, 12, 6, 8, 0)  # noqa: DTZ001  (a file has the shop's own time)
A_DAY = 60  # orders a trading day at most, and so few that there are five days at least
WORDS = ("RED", "BLUE", "VINTAGE", "RETRO", "PAPER", "GLASS", "WOODEN", "SILVER", "HEART", "STAR", "BIRD", "ROSE")
THINGS = ("LANTERN", "MUG", "BAG", "CLOCK", "FRAME", "TIN", "CANDLE", "CUSHION", "BOX", "SIGN", "BOWL", "GARLAND")
COUNTRIES = ("United Kingdom",) * 18 + ("Germany", "France", "EIRE", "Netherlands", "Japan", "Unspecified")
FEES = (
    ("POST", "POSTAGE"),
    ("DOT", "DOTCOM POSTAGE"),
    ("M", "Manual"),
    ("C2", "CARRIAGE"),
    ("gift_0001_20", "Gift £20"),
)
CANCELLED_FEES = (("M", "Manual"), ("D", "Discount"), ("S", "SAMPLES"), ("CRUK", "CRUK Commission"))


@dataclass(slots=True)
class _Maker:
    """The state of one file being made."""

    dice: random.Random
    count: int
    a_day: int  # orders a trading day
    pauses: tuple[int, int] = (2, 12)  # minutes from one paper to the next
    has_huge: bool = True
    number: int = 500000
    days: int = 0
    now: datetime = START
    sold: list[tuple[str, str, int, str, str, str]] = field(default_factory=list)
    goods: list[tuple[str, str, str]] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[object, ...]]:
        self.goods = self._goods()
        huge = self.count // 2 if self.count >= 40 and self.has_huge else -1
        placed = 0
        while placed < self.count:
            self.number += 1
            self._tick(placed)
            kind = self.dice.random()
            if placed == huge:
                placed += 1
                yield from self._huge()
            elif kind < 0.155 and self.sold:
                yield from self._cancellation()
            elif kind < 0.215:
                yield from self._write_off()
            else:
                placed += 1
                yield from self._sale()

    def _goods(self) -> list[tuple[str, str, str]]:
        goods = []
        for position in range(max(60, min(3000, self.count // 3))):
            code = f"{20000 + position * 7}{self.dice.choice(('', '', '', 'A', 'B', 'a'))}"
            title = f"{self.dice.choice(WORDS)} {self.dice.choice(WORDS)} {self.dice.choice(THINGS)}"
            price = f"{Decimal(self.dice.randint(19, 1295)) / 100}"
            goods.append((code, title + self.dice.choice(("", "", " ")), price))
            if self.dice.random() < 0.03 and code[-1].isalpha():
                goods.append((code.swapcase(), title, price))
        return goods

    def _tick(self, placed: int) -> None:
        if placed // self.a_day > self.days:
            self.days += 1
            self.now = (self.now + timedelta(days=1)).replace(hour=8, minute=0)
            while self.now.weekday() == 5:  # closed on Saturdays, as the real shop
                self.now += timedelta(days=1)
        self.now += timedelta(minutes=self.dice.randint(*self.pauses))

    def _who(self) -> tuple[str, str]:
        customer = str(self.dice.randint(12000, 12000 + max(20, self.count // 4))) if self.dice.random() > 0.14 else ""
        return customer, self.dice.choice(COUNTRIES) if customer else "United Kingdom"

    def _sale(self) -> Iterator[tuple[object, ...]]:
        customer, country = self._who()
        at, length = self.now, min(700, max(1, int(self.dice.expovariate(1 / 22))))
        number = str(self.number)
        for position in range(length):
            code, title, price = self.goods[int(self.dice.random() ** 2 * len(self.goods))]
            quantity = self.dice.choice((1, 1, 1, 2, 2, 3, 4, 6, 6, 12, 12, 24, self.dice.randint(1, 144)))
            if self.dice.random() < 0.006:
                price, title = "0", ""
            if position == length - 1 and length > 3 and self.dice.random() < 0.004:
                at += timedelta(minutes=1)  # one number, two timestamps
            row = (number, code, title, quantity, f"{at:%Y-%m-%d %H:%M}", price, customer, country)
            yield row
            if self.dice.random() < 0.01:
                yield row  # an equal line that is a second real line
            if customer and self.dice.random() < 0.08:
                self.sold.append((customer, code, quantity, price, country, title))
        if self.dice.random() < 0.12:
            code, title = self.dice.choice(FEES)
            yield (
                number,
                code,
                title,
                1,
                f"{self.now:%Y-%m-%d %H:%M}",
                self.dice.choice(("18", "1.45", "40")),
                customer,
                country,
            )

    def _cancellation(self) -> Iterator[tuple[object, ...]]:
        number, at = f"C{self.number}", f"{self.now:%Y-%m-%d %H:%M}"
        if self.dice.random() < 0.1:
            code, title = self.dice.choice(CANCELLED_FEES)
            yield (number, code, title, -1, at, "12.75", "12345", "United Kingdom")
            return
        customer, _code, _units, _price, country, _title = self.dice.choice(self.sold[-400:])
        theirs = [sale for sale in self.sold[-400:] if sale[0] == customer]
        for _customer, code, units, price, _country, title in theirs[: self.dice.randint(1, 4)]:
            back = units if self.dice.random() < 0.35 else max(1, units // 2) if self.dice.random() < 0.8 else units * 3
            said = "" if self.dice.random() < 0.03 else customer
            yield (number, code, title, -back, at, price, said, country)

    def _write_off(self) -> Iterator[tuple[object, ...]]:
        code = self.dice.choice(self.goods)[0]
        units = self.dice.choice((1, 2, 5, 12, 30, 120, 900))
        reason = self.dice.choice(("", "damaged", "lost", "check", "wrongly coded"))
        yield (self.number, code, reason, -units, f"{self.now:%Y-%m-%d %H:%M}", "0", "", "United Kingdom")

    def _huge(self) -> Iterator[tuple[object, ...]]:
        """An order for more than anybody has, called off a quarter of an hour later."""
        code, title, _price = self.goods[0]
        yield (self.number, code, title, 74215, f"{self.now:%Y-%m-%d %H:%M}", "1.04", "12346", "United Kingdom")
        self.number += 1
        self.now += timedelta(minutes=16)
        yield (f"C{self.number}", code, title, -74215, f"{self.now:%Y-%m-%d %H:%M}", "1.04", "12346", "United Kingdom")


def write(path: Path, *, count: int, seed: int, days: int = 0) -> None:
    """Write a file of `count` orders and what comes with them; the same count and seed make the same file.

    `days`: trading days in which they come, however thick; else few a day.
    """
    a_day = -(-count // days) if days else min(A_DAY, max(1, count // 5))
    maker = _Maker(random.Random(seed), count, a_day)
    if days:
        maker.has_huge = False  # so thick, it would be called off before its channel told of it
        maker.pauses = (0, max(1, A_DAY * 12 // a_day))
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        out.writerows(maker.rows())
