"""The three business days that a demo has behind it when it opens, and the morning of today: what the stand-ins are told.

Everything happens before now, so that business time never goes back when the wall clock takes over. A handful of things
goes wrong by name (`mishaps`), of every class that a night compares; the rest is calm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock_time

from apps.sandbox.days import Call, Day, Plan, Slot
from apps.sandbox.demo import baskets, goods
from apps.sandbox.demo.baskets import MARKET, UNKNOWN, mall_number, payment_id, sale, shop_number
from apps.sandbox.demo.goods import line
from apps.sandbox.market import share
from apps.sandbox.words import Article, Returned, ReturnedLine, Sale, SaleLine, StockRow, plain
from apps.sandbox.world import ident

DAYS = 3
FIRST_NUMBER, FIRST_IN_THE_MALL = 3921, 704
OPENS = clock_time(6)
SLOTS = (clock_time(10, 50), clock_time(14, 50), clock_time(21, 40))  # two of them just before parcels leave
NIGHT_IS_OVER = timedelta(hours=5)  # after midnight: what belongs to a night has been done
MALL_SHARE = 0.35
_SATURDAY = 5


@dataclass(slots=True)
class _Part:
    """One slot: its sales by channel, and everything else in order."""

    sales: dict[str, list[Sale]] = field(default_factory=lambda: {"shopify": [], "csv": []})
    before: list[Call] = field(default_factory=list)
    after: list[Call] = field(default_factory=list)

    def calls(self) -> list[Call]:
        """What the stand-ins are told, in order."""
        told = list(self.before)
        for channel, command in (("shopify", "place_orders"), ("csv", "send_orders")):
            if self.sales[channel]:
                told.append((channel, command, {"sales": plain(self.sales[channel])}))
        return told + self.after


class Prologue(Plan):
    """Days, slots and calls for the rehearsal's driver; afterwards it drives on to `until` with the slot `today`.

    `size`: orders of each day that nothing in particular happens to; half as many come in on the last morning.
    """

    def __init__(self, now: datetime, *, size: int) -> None:
        self.market = MARKET
        self.until = now.astimezone(MARKET.zone)  # whose days they are: elsewhere it is another date
        self.size = size
        self.mishaps: list[tuple[str, str]] = []  # (kind, id) as the stand-ins' plan names them
        self.faults: dict[datetime, list[tuple[str, str]]] = {}  # when -> [(vendor, what its next call meets)]
        self.next_number = FIRST_NUMBER
        self.next_mall = FIRST_IN_THE_MALL
        self._parts: dict[datetime, _Part] = {}
        last = (now.astimezone(MARKET.zone) - NIGHT_IS_OVER).date() - timedelta(days=1)
        first = last - timedelta(days=DAYS - 1)
        self.dates = [first + timedelta(days=number) for number in range(DAYS)]
        self.start = self._at(first, clock_time(3))
        for day in self.dates:
            self._fill(day)
        self._first_day(self.dates[0])
        self._second_day(self.dates[1])
        self._last_day(self.dates[2])
        self.today = self._morning(last)
        self.days = [Day(day, [Slot(at) for at in sorted(self._parts) if at.date() == day]) for day in self.dates]

    def calls(self, slot: Slot) -> list[Call]:
        """What the stand-ins are told at that moment."""
        return self._parts[slot.ends_at].calls()

    def articles(self) -> list[Article]:
        """Everything the channels list."""
        return goods.articles()

    # The days

    def _fill(self, day: date) -> None:
        """Orders that go their way, spread over the day."""
        for place in range(self.size):
            slot = SLOTS[place * len(SLOTS) // self.size]
            self._order(day, slot, channel="csv" if share("channel", day, place) < MALL_SHARE else "shopify")

    def _first_day(self, day: date) -> None:
        """The shelves are filled; two orders of the small hours will still be there today."""
        opening = goods.receipt(
            f"IN-{day:%m%d}", self._at(day, OPENS).isoformat(), {one.sku: one.opening for one in goods.GOODS}
        )
        self._part(day, OPENS).before.append(("csv", "send_stock", {"rows": plain(opening)}))
        slot = SLOTS[0]
        self._order(day, slot, lines=[line(goods.SCARCE, 3)], pays="card", placed=clock_time(0, 12), is_first=True)
        self._order(
            day, slot, lines=[line("ARITA-SOBA-014", 2)], pays="card", placed=clock_time(0, 41), has_street=False
        )
        self._order(day, SLOTS[1], lines=[line(goods.SCARCE, 1), line("TEA-UJI-040", 2)], channel="csv", pays="prepaid")
        self._edit("edited", day, "KISO-MANA-M")
        self.returned = self._order(day, slot, lines=[line("HASAMI-MUG-WH", 2), line("TEA-HOJI-100", 1)], pays="card")

    def _second_day(self, day: date) -> None:
        """An article nobody knows, a cup that broke, a customer who sends a mug back, a slip that nobody will pay."""
        self._order(day, SLOTS[0], lines=[line("KUTANI-MAME-05", 1), UNKNOWN], channel="csv", pays="prepaid")
        unheard = self._order(day, SLOTS[0], pays="card")
        self.mishaps.append(("lost", f"stripe:payment:{payment_id(unheard.number)}"))
        back = Returned(
            number=f"RET-{day:%m%d}-1", at=self._at(day, SLOTS[1]).isoformat(), currency=goods.CURRENCY,
            email=self.returned.person.email,
            lines=(ReturnedLine(sku="HASAMI-MUG-WH", title="波佐見焼 マグ 白", quantity=1, amount_minor=1980),),
        )  # fmt: skip
        broken = StockRow(
            document=f"ADJ-{day:%m%d}", line=1, at=self._at(day, SLOTS[1]).isoformat(), sku="SHIGA-ICHIRIN-01",
            kind="adjustment", quantity=-1, reason="破損",
        )  # fmt: skip
        self._part(day, SLOTS[1]).after += [
            ("csv", "send_returns", {"returns": plain([back])}), ("csv", "send_stock", {"rows": plain([broken])}),
        ]  # fmt: skip
        self._order(day, SLOTS[2], lines=[line(goods.SCARCE, 1)], pays="card")
        self._slip(day, SLOTS[2])
        self.faults[self._at(day, SLOTS[0])] = [("stripe", "failed"), ("shopify", "limited")]

    def _last_day(self, day: date) -> None:
        """Something of every class that a night compares."""
        self.mishaps.append(("lost", f"shopify:order:{self._order(day, SLOTS[0], pays='card').number}"))
        self.mishaps.append(("wrong_amount", payment_id(self._order(day, SLOTS[1], pays="card").number)))
        self.mishaps.append(("csv_forgotten", self._order(day, SLOTS[1], channel="csv", pays="prepaid").number))
        unheard = self._order(day, SLOTS[2], pays="card")
        self.mishaps.append(("lost", f"stripe:payment:{payment_id(unheard.number)}"))
        called_off = self._order(day, SLOTS[2], pays="card")
        self._part(day, SLOTS[2]).after.append(("shopify", "cancel", {"number": called_off.number}))
        self._slip(day, SLOTS[2])
        self._edit("edited", day, "KUTANI-HASHI-01")
        self._edit("csv_edited", day, "TENUGUI-ASA-01")
        paid_out = next(one for one in reversed(self.dates) if one.weekday() < _SATURDAY)
        self.mishaps.append(("missing_line", ident("po_", paid_out.isoformat(), goods.CURRENCY.lower())))
        self.faults[self._at(day, SLOTS[0])] = [("shipengine", "cut"), ("stripe", "failed")]

    def _morning(self, last: date) -> Slot:
        """What came in since the last night and is still to be done."""
        begins = self._at(last + timedelta(days=1), clock_time(4, 40))
        part = self._parts.setdefault(self.until, _Part())
        span = (self.until - begins).total_seconds()
        count = max(6, self.size // 2)
        for place in range(count):
            at = begins + timedelta(seconds=int(span * (place + share("minute", place)) / (count + 1)))
            channel = ("shopify", "shopify", "csv")[place % 3]
            pays = ("card", "konbini", "prepaid", "card", "card", "cod")[place % 6]
            lines = [line(goods.SCARCE, 1)] if place == 3 else []
            self._put(part, at, channel=channel, lines=lines, pays=pays)
        return Slot(self.until)

    # Their parts

    def _order(
        self, day: date, slot: clock_time, *, channel: str = "shopify", placed: clock_time | None = None,
        lines: Sequence[SaleLine] = (), pays: str = "", has_street: bool = True, is_first: bool = False,
    ) -> Sale:  # fmt: skip
        """One order of a slot, placed in the hours before it."""
        minutes = 20 + int(share("minutes", day, slot, self.next_number, self.next_mall) * 170)
        at = self._at(day, placed) if placed else self._at(day, slot) - timedelta(minutes=minutes)
        return self._put(
            self._part(day, slot), at, channel=channel, lines=lines, pays=pays, has_street=has_street, is_first=is_first
        )

    def _put(
        self, part: _Part, at: datetime, *, channel: str, lines: Sequence[SaleLine], pays: str,
        has_street: bool = True, is_first: bool = False,
    ) -> Sale:  # fmt: skip
        number = self._number(channel)
        who = None if has_street else baskets.without_street(number)
        made = sale(number, at, channel=channel, lines=lines, pays=pays, who=who)
        part.sales[channel].insert(0 if is_first else len(part.sales[channel]), made)
        return made

    def _number(self, channel: str) -> str:
        if channel == "csv":
            self.next_mall += 1
            return mall_number(self.next_mall - 1)
        self.next_number += 1
        return shop_number(self.next_number - 1)

    def _slip(self, day: date, slot: clock_time) -> None:
        """A konbini order whose slip nobody pays: numbers are passed over until one is such."""
        while baskets.will_pay(shop_number(self.next_number)):
            self.next_number += 1
        self._order(day, slot, pays="konbini")

    def _edit(self, kind: str, night: date, sku: str) -> None:
        self.mishaps.append((kind, f"{night}:{sku}"))

    def _part(self, day: date, at: clock_time) -> _Part:
        return self._parts.setdefault(self._at(day, at), _Part())

    def _at(self, day: date, at: clock_time) -> datetime:
        return datetime.combine(day, at, tzinfo=MARKET.zone)
