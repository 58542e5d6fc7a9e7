"""The recount against hand-made cases, and against a second, dumb way of counting."""

import json
import random
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from apps.sandbox.recount import Recount, recount
from apps.sandbox.retail import COLUMNS

HEADER = ",".join(COLUMNS)


def waiting(done: Recount, order: str) -> int:
    return sum(line.waiting for line in done.orders[order])


def test_first_come_first_served_and_a_line_keeps_what_it_got() -> None:
    done = Recount()
    done.receive("A", 5)
    done.arrive("1", [("A", 3)])
    done.arrive("2", [("A", 4)])
    done.arrive("3", [("A", 1)])
    assert [waiting(done, order) for order in "123"] == [0, 2, 1]
    done.receive("A", 2)
    assert [waiting(done, order) for order in "123"] == [0, 0, 1]
    assert (done.ever_waited, done.lines_short, done.promised()["A"]) == ({"2", "3"}, 2, 7)


def test_a_write_off_takes_free_units_then_the_newest_promises_then_stops_at_the_shelf() -> None:
    done = Recount()
    done.receive("A", 10)
    done.arrive("1", [("A", 4)])
    done.arrive("2", [("A", 4)])
    done.adjust("A", -3)
    assert [waiting(done, order) for order in "12"] == [0, 1]
    assert done.ever_waited == {"2"}
    done.receive("A", 1)
    assert [waiting(done, order) for order in "12"] == [0, 0]
    done.adjust("A", -20)
    shelf = done.shelves["A"]
    assert (shelf.on_hand, shelf.free, shelf.shrinkage, waiting(done, "1"), waiting(done, "2")) == (0, 0, 12, 4, 4)


def test_one_that_was_thrown_back_keeps_its_place() -> None:
    done = Recount()
    done.receive("A", 4)
    done.arrive("1", [("A", 4)])
    done.arrive("2", [("A", 2)])
    done.adjust("A", -1)
    done.receive("A", 1)
    assert [waiting(done, order) for order in "12"] == [0, 2]


def test_a_return_finds_the_newest_sale_first_and_shipped_units_go_back() -> None:
    done = Recount()
    done.receive("A", 10)
    done.arrive("1", [("A", 4)], customer="17850", at="2010-12-01 08:26")
    done.arrive("2", [("A", 3)], customer="17850", at="2010-12-02 08:26")
    done.arrive("3", [("A", 6)], customer="12345", at="2010-12-02 09:00")
    done.dispatch("1")
    assert waiting(done, "3") == 3
    done.give_back("17850", "2010-12-03 10:00", [("A", 5)])
    newest, oldest = done.orders["2"][0], done.orders["1"][0]
    assert (newest.cancelled, oldest.returned, waiting(done, "3")) == (3, 2, 0)
    assert (done.shelves["A"].on_hand, done.shelves["A"].free, done.promised()["A"]) == (8, 2, 8)


def test_units_that_no_sale_covers_are_kept_with_their_reason_and_move_nothing() -> None:
    done = Recount()
    done.receive("A", 10)
    done.arrive("1", [("A", 4)], customer="17850", at="2010-12-05 08:26")
    done.give_back("", "2010-12-06 10:00", [("A", 1)])
    done.give_back("17850", "2010-12-04 10:00", [("A", 2)])  # before the sale
    done.give_back("99999", "2010-12-06 10:00", [("A", 3)])
    done.give_back("17850", "2010-12-06 10:00", [("A", 9)])
    assert done.unmatched == {"no_customer": 1, "no_sale": 5, "more_than_sold": 5}
    assert (done.shelves["A"].on_hand, done.shelves["A"].free) == (10, 10)


def test_a_parcel_that_should_not_have_left_is_counted_beyond_the_shelf() -> None:
    done = Recount()
    done.receive("A", 3)
    done.arrive("1", [("A", 2)])
    done.arrive("2", [("A", 4)])
    done.dispatch("2")  # takes from what the first was promised, and one that is not there
    assert (done.sent_beyond_shelf["A"], waiting(done, "1")) == (1, 2)
    assert done.oversold(done.promised()) == 1
    assert done.oversold({"A": 3}) == 0


def test_an_order_that_is_not_paid_gives_its_units_to_who_waits() -> None:
    done = Recount()
    done.receive("A", 3)
    done.arrive("1", [("A", 3)])
    done.arrive("2", [("A", 2)])
    done.call_off_order("1")
    assert (waiting(done, "2"), done.shelves["A"].free) == (0, 1)


class Dumb:
    """The same rules in the slowest way: every unit is a slot of a line, everything is looked for anew each time."""

    def __init__(self) -> None:
        self.on_hand: Counter[str] = Counter()
        self.lines: list[dict[str, object]] = []

    def free(self, sku: str) -> int:
        return self.on_hand[sku] - sum(line["held"] for line in self.lines if line["sku"] == sku)  # type: ignore[misc]

    def serve(self, sku: str) -> None:
        for line in self.lines:
            while line["sku"] == sku and self.free(sku) > 0 and line["open"] > line["held"]:  # type: ignore[operator]
                line["held"] += 1  # type: ignore[operator]

    def step(self, what: str, sku: str, units: int, order: str) -> None:
        if what == "arrive":
            self.lines.append({"order": order, "sku": sku, "open": units, "held": 0, "shipped": 0})
        elif what == "receive":
            self.on_hand[sku] += units
        elif what == "adjust":
            for _unit in range(min(units, self.on_hand[sku])):
                if self.free(sku) == 0:
                    holder = [line for line in self.lines if line["sku"] == sku and line["held"]][-1]
                    holder["held"] -= 1  # type: ignore[operator]
                self.on_hand[sku] -= 1
        elif what == "dispatch":
            for line in self.lines:
                if line["order"] == order and line["open"] == line["held"]:
                    self.on_hand[line["sku"]] -= line["held"]  # type: ignore[operator, index]
                    line.update(shipped=line["shipped"] + line["open"], open=0, held=0)  # type: ignore[operator]
        elif what == "back":
            left = units
            for line in reversed(self.lines):
                while line["sku"] == sku and left and line["open"]:
                    line["open"] -= 1  # type: ignore[operator]
                    line["held"] = min(line["held"], line["open"])  # type: ignore[type-var]
                    left -= 1
                while line["sku"] == sku and left and line["shipped"]:
                    line["shipped"] -= 1  # type: ignore[operator]
                    self.on_hand[sku] += 1
                    left -= 1
        self.serve(sku)


@pytest.mark.parametrize("seed", range(60))
def test_it_counts_as_the_dumb_way_does(seed: int) -> None:
    dice = random.Random(seed)
    done, dumb, orders = Recount(), Dumb(), []
    for number in range(120):
        what = dice.choice(["arrive", "arrive", "arrive", "receive", "adjust", "dispatch", "back"])
        sku, units = dice.choice("AB"), dice.randint(1, 6)
        order = str(number) if what == "arrive" else dice.choice(orders or [""])
        if what == "dispatch" and any(line.waiting for line in done.orders.get(order, [])):
            continue
        if what == "arrive":
            orders.append(order)
            done.arrive(order, [(sku, units)], customer="c", at="2010-12-01 08:26")
        elif what == "receive":
            done.receive(sku, units)
        elif what == "adjust":
            done.adjust(sku, -units)
        elif what == "dispatch":
            done.dispatch(order)
        else:
            done.give_back("c", "2010-12-01 08:26", [(sku, units)])
        dumb.step(what, sku, units, order)
        lines = [line for order in orders for line in done.orders[order]]
        assert [(one.held, one.waiting + one.held) for one in lines] == [
            (one["held"], one["open"]) for one in dumb.lines
        ]
        for name, shelf in done.shelves.items():
            assert (shelf.on_hand, shelf.free) == (dumb.on_hand[name], dumb.free(name))
            assert not (shelf.free and any(line.waiting for line in lines if line.sku == name))
            assert shelf.put_on >= done.promised()[name]
    assert done.oversold(done.promised()) == 0


def test_a_log_is_replayed_on_what_the_file_says(tmp_path: Path) -> None:
    rows = [
        "1,22423,X,5,2010-12-01 08:00,1,17850,United Kingdom",
        "1,POST,X,1,2010-12-01 08:00,1,17850,United Kingdom",
        "2,22423,X,4,2010-12-01 09:00,1,17850,United Kingdom",
        "3,22423,,-2,2010-12-01 09:30,0,,United Kingdom",
        "C4,22423,X,-3,2010-12-01 10:00,1,17850,United Kingdom",
        "5,22423,X,9,2010-12-02 09:00,1,17850,United Kingdom",
    ]
    (tmp_path / "orders.csv").write_text("\n".join([HEADER, *rows]))
    (tmp_path / "supply.csv").write_text("document,line,at,sku,quantity,unit_cost,currency\nR1,1,x,22423,10,1,GBP\n")
    log = [
        ("file", {"name": "a.csv", "kind": "stock", "things": ["R1"]}),
        ("sent", {"thing": "file:a.csv", "status": 200}),
        ("sent", {"thing": "order:1", "status": 200}),
        ("sent", {"thing": "order:1", "status": 200}),
        ("sent", {"thing": "order:2", "status": 503}),
        ("sent", {"thing": "order:2", "status": 202}),
        ("file", {"name": "b.csv", "kind": "stock", "things": ["3"]}),
        ("sent", {"thing": "file:b.csv", "status": 200}),
        ("parcel", {"order": "1", "label": "se-1"}),
        ("parcel", {"order": "2", "label": "se-2"}),
        ("voided", {"reference": "S2-1", "label": "se-2"}),
        ("file", {"name": "c.csv", "kind": "returns", "things": ["C4"]}),
        ("sent", {"thing": "file:c.csv", "status": 200}),
        ("sent", {"thing": "payment:pi_1", "status": 200}),
        ("expired", {"order": "2", "payment": "pi_1"}),
    ]
    db = sqlite3.connect(tmp_path / "world.sqlite")
    db.execute("CREATE TABLE dispatch (seq INTEGER PRIMARY KEY, at INTEGER, kind TEXT, facts TEXT)")
    db.executemany("INSERT INTO dispatch (at, kind, facts) VALUES (0, ?, ?)", [(k, json.dumps(f)) for k, f in log])
    db.commit()
    db.close()
    done = recount(tmp_path / "orders.csv", tmp_path / "supply.csv", tmp_path / "world.sqlite")
    assert set(done.orders) == {"1", "2"}
    assert (done.ever_waited, done.lines_short) == ({"2"}, 0)  # the write-off threw one unit of it back
    assert done.orders["2"][0].cancelled == 4
    shelf = done.shelves["22423"]
    assert (shelf.on_hand, shelf.free, shelf.put_on, done.promised()["22423"]) == (3, 3, 8, 5)
    only_first = recount(tmp_path / "orders.csv", tmp_path / "supply.csv", tmp_path / "world.sqlite", invoices=1)
    assert set(only_first.orders) == {"1"}
