"""The demo trades by itself: customers, carriers, a delivery van and one packer, each in a turn of their own.

The world outside is told through the sandbox's control address alone, so that everything reaches the product by notices
and files. The packer, who works inside, sends ready orders off by the same story as the desk's button. Nothing here is
needed: ended at any moment, it goes on with the next number.
"""

import http.client
import json
import logging
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import Error, close_old_connections, connection

from apps.core import clock
from apps.flows import ship_order
from apps.inventory.models import StockLevel
from apps.orders.models import Order
from apps.orders.states import Lifecycle
from apps.sandbox.demo import baskets, goods
from apps.sandbox.demo.baskets import MARKET, UNKNOWN, mall_number, payment_id, sale, shop_number
from apps.sandbox.rehearsal.stage import Control, ControlRefused
from apps.sandbox.words import Returned, ReturnedLine, Sale, plain

logger = logging.getLogger(__name__)

REST = timedelta(minutes=3)  # an order lies so long before it is packed: the queue is there to be seen
PACKED_AT_ONCE = 4
LOW, KEPT_WAITING = 8, 3  # units: below it the van comes; of the scarce article so many stay owed
PATIENCE = timedelta(hours=2)  # of a customer whose order is held
HELD_MOST = 12
ODD_EVERY = 100  # of a channel's orders one of each oddity
FAULTS = (("stripe", "failed"), ("shopify", "limited"), ("shipengine", "cut"), ("csv", "failed"), ("shopify", "failed"),
          ("stripe", "cut"), ("shipengine", "limited"), ("shopify", "cut"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that is done every so many seconds, give or take a third."""

    seconds: float
    take: Callable[["Trading"], None]


class Trading:
    """One demo's outside. `note` keeps the next order numbers."""

    def __init__(self, control: Control, note: Path, *, dice: random.Random | None = None) -> None:
        self.control = control
        self.note = note
        self.dice = dice or random.Random()
        self.lost: list[datetime] = []
        self.sold: deque[Sale] = deque(maxlen=200)
        self.faults = 0

    def run(self) -> None:
        """For ever; what fails now is tried again at its next turn."""
        due = dict.fromkeys(TURNS, 0.0)
        while True:
            for turn in TURNS:
                if time.monotonic() >= due[turn]:
                    due[turn] = time.monotonic() + turn.seconds * self.dice.uniform(0.67, 1.33)
                    self._take(turn)
            time.sleep(0.5)

    def _take(self, turn: Turn) -> None:
        try:
            close_old_connections()
            turn.take(self)
        except (OSError, http.client.HTTPException, ControlRefused, Error) as error:
            logger.warning("%s: %s %s", turn.take.__name__, type(error).__name__, error)
            connection.close()

    # Customers

    def buy_in_the_shop(self) -> None:
        """One order in the web shop."""
        count, number = self._next("shop")
        self._place("shopify", "place_orders", [self._order(shop_number(number), count, channel="shopify")])

    def buy_in_the_mall(self) -> None:
        """A file with one or two orders of the mall."""
        sales = []
        for _ in range(self.dice.choice((1, 1, 2))):
            count, number = self._next("mall")
            sales.append(self._order(mall_number(number), count, channel="csv"))
        self._place("csv", "send_orders", sales)

    def _order(self, number: str, count: int, *, channel: str) -> Sale:
        """Mostly an ordinary one; one in a hundred of each kind of oddity, the first ones soon."""
        odd, is_shop = count % ODD_EVERY, channel == "shopify"
        lines, who, pays = baskets.basket(number), None, ""
        if odd == 6:
            who = baskets.without_street(number)
        elif odd == 4 and not is_shop:
            lines, pays = [*lines, UNKNOWN], "prepaid"
        elif odd == 18 and is_shop:
            pays = "card"
            self._plan("wrong_amount", payment_id(number))
        elif odd == 12:
            self._plan("lost", f"{channel}:order:{number}")
            self.lost.append(clock.now())
        elif odd % 25 == 3 and is_shop:
            self._plan("double", f"shopify|orders/create|order:{number}")
        return sale(number, clock.now(), channel=channel, lines=lines, pays=pays, who=who)

    def _place(self, slug: str, command: str, sales: list[Sale]) -> None:
        self.control.tell(f"{slug}/{command}", {"sales": plain(sales)})
        self.sold.extend(sales)

    def send_back(self) -> None:
        """Somebody who bought a while ago sends one piece back; the document does not say from which order."""
        cut = clock.now() - timedelta(minutes=20)
        while self.sold and datetime.fromisoformat(self.sold[0].at) < cut:
            old = self.sold.popleft()
            line = old.lines[0]
            if old.person.email and old.payment in ("card", "prepaid") and line.sku in goods.BY_SKU:
                piece = ReturnedLine(sku=line.sku, title=line.title, quantity=1, amount_minor=int(line.unit_price))
                number = f"RET-{old.number.strip('#')}"
                paper = Returned(
                    number=number, at=clock.now().isoformat(), currency=old.currency, email=old.person.email,
                    lines=(piece,),
                )  # fmt: skip
                self.control.tell("csv/send_returns", {"returns": plain([paper])})
                return

    def lose_patience(self) -> None:
        """Where many orders are held, the customer of the one that waits longest calls it off at the channel."""
        held = Order.objects.filter(lifecycle=Lifecycle.OPEN, is_held=True).select_related("channel")
        if held.count() <= HELD_MOST:
            return
        today = clock.now() - timedelta(days=1)  # what the prologue left stays to be looked at
        order = held.filter(taken_at__gt=today, taken_at__lt=clock.now() - PATIENCE).order_by("taken_at").first()
        if order is not None:
            self.control.tell(f"{order.channel.connector}/cancel", {"number": order.external_number})

    # The warehouse

    def pack(self) -> None:
        """The packer sends off what has been ready for a while, the oldest first."""
        rested = [one for one in ship_order.ready_orders(60) if one.taken_at < clock.now() - REST]
        ship_order.plan(rested[:PACKED_AT_ONCE], actor="packer", leaves_by_itself=True)

    def fill_up(self) -> None:
        """The van brings what is nearly gone; of the scarce article never enough for everybody."""
        wanted: dict[str, int] = {}
        for level in StockLevel.objects.select_related("variant").filter(variant__sku__in=list(goods.BY_SKU)):
            sku = level.variant.sku
            if sku == goods.SCARCE:
                wanted[sku] = level.backordered - KEPT_WAITING
            elif level.available < LOW:
                wanted[sku] = goods.BY_SKU[sku].opening + level.backordered
        units = {sku: count for sku, count in wanted.items() if count > 0}
        if units:
            now = clock.now().astimezone(MARKET.zone)
            rows = goods.receipt(f"IN-{now:%m%d-%H%M%S}", now.isoformat(), units)
            self.control.tell("csv/send_stock", {"rows": plain(rows)})

    # What goes wrong

    def trip(self) -> None:
        """A vendor's next call meets a 429, a 500, or an answer that never comes."""
        slug, what = FAULTS[self.faults % len(FAULTS)]
        self.faults += 1
        self.control.tell("misbehave", {"slug": slug, "what": what, "times": 1})
        if self.faults % 5 == 0:
            self.control.tell("smtp/misbehave", {"what": "busy"})

    def edit(self) -> None:
        """Somebody changes a number in a channel's console, of an article that sells seldom."""
        slug = self.dice.choice(("shopify", "csv"))
        sku = self.dice.choice([good.sku for good in goods.GOODS if good.pull <= 2 and good.sku != goods.SCARCE])
        self.control.tell(f"{slug}/edit_stock", {"sku": sku, "delta": self.dice.choice((-2, -1, 1, 3))})

    def find(self) -> None:
        """What was lost a minute ago is in the channel's lists from now on; its notice never comes."""
        if self.lost and self.lost[0] < clock.now() - timedelta(minutes=1):
            self.lost.clear()
            self.control.tell("nightfall", {"night": clock.business_date().isoformat()})

    def pay_out(self) -> None:
        """Late in the evening the payment provider makes the day's payout, and that of a day that was slept through."""
        now = clock.now().astimezone(MARKET.zone)
        day = now.date() if now.hour >= 23 else now.date() - timedelta(days=1)
        self.control.tell("stripe/settle_day", {"day": day.isoformat()})

    # Small things

    def _plan(self, kind: str, id: str) -> None:
        self.control.tell("plan", {"hits": [[kind, id]]})

    def _next(self, name: str) -> tuple[int, int]:
        """How many orders the channel has had from us, and the number of its next one; written down before it is used."""
        kept: dict[str, int] = json.loads(self.note.read_text())
        count, number = kept.get(f"{name}_count", 0) + 1, kept[name]
        making = self.note.with_suffix(".new")
        making.write_text(json.dumps(kept | {f"{name}_count": count, name: number + 1}))
        making.replace(self.note)
        return count, number


TURNS = (
    Turn(24, Trading.buy_in_the_shop),
    Turn(70, Trading.buy_in_the_mall),
    Turn(25, Trading.pack),
    Turn(60, Trading.fill_up),
    Turn(80, Trading.trip),
    Turn(300, Trading.edit),
    Turn(600, Trading.send_back),
    Turn(20, Trading.find),
    Turn(300, Trading.lose_patience),
    Turn(600, Trading.pay_out),
)
