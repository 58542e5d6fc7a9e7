"""Sixty-four people who want the last twenty units: threads of real processes, each thread with its own connection.

Some call their order off, some never pay, some send the same sale again, and in the middle of it a process is killed or a
connection is cut off by the database. Whoever did not get an answer tries again; who was killed is followed by another who does
all of it again. So it is known beforehand what must have happened at the end, whatever happened in between.
"""

import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections, connection, connections
from django.db.models import F, Sum

from apps.core import clock
from apps.flows import cancel_order, sweeps
from apps.flows.place_orders import place_orders
from apps.hub.contracts import CustomerCard, OrderDraft
from apps.hub.models import Connection
from apps.inventory import services as inventory
from apps.inventory.models import Demand, StockLevel
from apps.orders.errors import NotOpen
from apps.orders.models import Order
from apps.payments.models import Payment
from tests import builders
from tests.inventory import shelves

IS_WHOLE = os.environ.get("KUROGO_RACES") == "whole"
UNITS = 20 if IS_WHOLE else 6
TRIES = 60
ANSWER_SECONDS = 120
BUSY_SECONDS = 10
NAMED = "SELECT set_config('application_name', 'race', false)"
VICTIMS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'race' AND pid = ANY(%s)"
FOUND = "SELECT pid FROM pg_stat_activity WHERE application_name = 'race' AND state <> 'idle' ORDER BY pid"


@dataclass(frozen=True, slots=True)
class Sale:
    """One person of one round: buys one unit, perhaps twice the same sale, and calls off, or never pays."""

    round: int
    writer: int

    @property
    def name(self) -> str:
        """What the channel calls it."""
        return f"r{self.round}-w{self.writer}"

    @property
    def buys(self) -> bool:
        """In every third round so few come that units are left."""
        return self.round % 3 != 0 or self.writer % 3 == 0

    @property
    def is_repeated(self) -> bool:
        """Whether the same sale comes again."""
        return self.writer % 5 == 0

    @property
    def is_called_off(self) -> bool:
        """Whether it is called off."""
        return self.writer % 4 == 1

    @property
    def expires(self) -> bool:
        """Whether nobody pays in time."""
        return self.writer % 8 == 2

    def draft(self) -> OrderDraft:
        """As the channel tells it."""
        line = builders.line_draft(sku=f"R{self.round}")
        method = "konbini" if self.expires else "prepaid"
        buyer = CustomerCard(email=f"{self.name}@example.com", name="Kato Rina")
        return builders.order_draft(
            line, external_id=self.name, number=self.name, payment_method=method, customer=buyer
        )  # fmt: skip


class Race:
    """The processes, each with its part of the writers; they live through all rounds, or are followed by others."""

    def __init__(self, channel: Connection, *, processes: int, threads: int, seed: int) -> None:
        self.channel, self.size, self.threads = channel, processes, threads
        self.dice = random.Random(seed)
        self.killed = self.cut_off = 0
        self._context = multiprocessing.get_context("fork")
        connections.close_all()  # a child must not inherit an open one
        self._team = [self._start(number) for number in range(processes)]

    @property
    def writers(self) -> range:
        """All of them."""
        return range(self.size * self.threads)

    def play(self, round: int, *, violence: str) -> None:
        """One round: everybody at once; `violence` (kill, cut, none) falls in the middle of it."""
        for _, pipe in self._team:
            pipe.send(round)
        if violence != "none":
            busy = self._busy()
            time.sleep(self.dice.random() * 0.1)
            victim = self.dice.randrange(self.size)
            if violence == "kill":
                os.kill(self._team[victim][0].pid or 0, signal.SIGKILL)
                self.killed += 1
            else:
                self._cut(self._busy() or busy)
        for number in range(self.size):
            self._wait(number, round)

    def end(self) -> None:
        """Nobody is left behind."""
        for process, pipe in self._team:
            pipe.close()
            process.join(5)
            process.kill()
            process.join()

    def _busy(self) -> list[int]:
        """Backends in the middle of something, as soon as there are any."""
        until = time.monotonic() + BUSY_SECONDS
        while time.monotonic() < until:
            with connection.cursor() as cursor:
                cursor.execute(FOUND)
                if found := [row[0] for row in cursor.fetchall()]:
                    return found
        return []

    def _cut(self, busy: list[int]) -> None:
        with connection.cursor() as cursor:
            struck = self.dice.sample(busy, min(3, len(busy)))
            cursor.execute(VICTIMS, [struck])
            self.cut_off += len(cursor.fetchall())

    def _start(self, number: int) -> tuple[Any, Pipe]:
        ours, theirs = self._context.Pipe()
        words = (theirs, self.channel, range(number * self.threads, (number + 1) * self.threads))
        process = self._context.Process(target=_live, args=words, daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def _wait(self, number: int, round: int) -> None:
        for _ in range(3):
            _, pipe = self._team[number]
            try:
                assert pipe.poll(ANSWER_SECONDS), "a writer does not come back"
                assert pipe.recv() == "done"
                return
            except (EOFError, ConnectionResetError):  # killed: another does the round again from its beginning
                connections.close_all()
                self._team[number] = self._start(number)
                self._team[number][1].send(round)
        raise AssertionError("a process dies whatever it does")


def _live(pipe: Pipe, channel: Connection, writers: range) -> None:
    """A process: plays rounds until its pipe closes, and leaves without a word to whoever started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = 0
    try:
        with ThreadPoolExecutor(len(writers)) as pool:
            while True:
                round = pipe.recv()
                for done in [pool.submit(_write, Sale(round, writer), channel) for writer in writers]:
                    done.result()
                pipe.send("done")
    except (EOFError, OSError):
        pass
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        code = 1
    os._exit(code)


def _write(sale: Sale, channel: Connection) -> None:
    """One person. What was not answered is done again, by whoever comes next at the latest."""
    if not sale.buys:
        return
    _insist(lambda: place_orders([sale.draft()], source=channel))
    if sale.is_repeated:
        _insist(lambda: place_orders([sale.draft()], source=channel))
    if sale.is_called_off:
        _insist(lambda: _call_off(sale, channel))
    if sale.expires:
        _insist(lambda: _let_expire(sale, channel))


def _call_off(sale: Sale, channel: Connection) -> None:
    with contextlib.suppress(NotOpen):  # it was done, and the answer was lost
        cancel_order.cancel(Order.objects.get(channel=channel, external_number=sale.name), actor="race")


def _let_expire(sale: Sale, channel: Connection) -> None:
    """The slip has run out; every such person lets the sweep look, all at once."""
    slip = Payment.objects.filter(order__channel=channel, order__external_number=sale.name)
    slip.update(expires_at=clock.now() - sweeps.GRACE - timedelta(hours=1))
    sweeps.end_unpaid()


def _insist(work: Callable[[], object]) -> None:
    """Do it, and again where the connection was cut off in the middle."""
    for _ in range(TRIES):
        try:
            close_old_connections()
            with connection.cursor() as cursor:
                cursor.execute(NAMED)
            work()
        except (OperationalError, InterfaceError) as error:
            if "deadlock" in str(error):
                raise
            connection.close()
            continue
        return
    raise AssertionError("the database never answers")


# What must be true


def check(race: Race, round: int) -> None:
    """What a round must have come to: each sale once, each unit at one of those who want it or free."""
    sales = [sale for writer in race.writers if (sale := Sale(round, writer)).buys]
    gone = {sale.name for sale in sales if sale.is_called_off or sale.expires}
    placed = dict(
        Order.objects.filter(external_number__startswith=f"r{round}-").values_list("external_number", "lifecycle")
    )
    rows = Order.objects.filter(external_number__startswith=f"r{round}-").count()
    level = StockLevel.objects.get(variant__sku=f"R{round}")
    demands = Demand.objects.filter(level=level)
    sums = demands.aggregate(wanted=Sum(F("quantity") - F("cancelled")), given=Sum("allocated"), off=Sum("cancelled"))
    given = min(UNITS, len(sales) - len(gone))

    assert (rows, set(placed)) == (len(sales), {sale.name for sale in sales})
    assert {name for name, state in placed.items() if state == "cancelled"} == gone
    assert demands.count() == len(sales)
    assert (sums["wanted"], sums["off"]) == (len(sales) - len(gone), len(gone))
    assert (sums["given"], level.reserved, level.available) == (given, given, UNITS - given)
    assert shelves.broken(in_order=False) == []


def send_off(round: int) -> None:
    """Whoever was promised a unit gets it: what is left on the shelf is what nobody bought."""
    level = StockLevel.objects.get(variant__sku=f"R{round}")
    promised = {row.subject: row.allocated for row in Demand.objects.filter(level=level, allocated__gt=0)}
    inventory.ship(promised, actor="race", parts=dict.fromkeys(promised, f"S{round}"))
    level.refresh_from_db()
    assert (level.on_hand, level.reserved) == (UNITS - len(promised), 0)
