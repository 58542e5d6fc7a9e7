"""Reading a file of orders: every row is somewhere, everything made up is the same at the second reading."""

import os
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.sandbox import retail, supply, synthetic
from apps.sandbox.days import Plan
from apps.sandbox.japan import JapaneseMarket
from apps.sandbox.market import Market, line_minor

ZONE = ZoneInfo("Europe/London")
HEADER = ",".join(retail.COLUMNS)
REAL = os.environ.get("KUROGO_ORDERS", "")
needs_real = pytest.mark.skipif(not REAL, reason="KUROGO_ORDERS names no file or folder of real orders")


def real_file() -> Path:
    path = Path(REAL)
    return path if path.is_file() else next(path.glob("uci_online_retail*.csv.gz"))


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def row(
    invoice: str, code: str, quantity: object, price: object = "1.00", at: str = "2010-12-01 08:26", who: str = "17850"
) -> str:
    return f"{invoice},{code},A THING,{quantity},{at},{price},{who},United Kingdom"


def test_every_kind_of_row_is_counted_once(tmp_path: Path) -> None:
    file = write(
        tmp_path / "orders.csv",
        row("536365", "85123A", 6),
        row("536365", "85123A", 6),  # an equal line is a second line
        row("536365", "POST", 1, 18),
        row("536366", "84406b", 2, "0.001"),
        row("536366", "84406B", 3, 0),
        row("536367", "AMAZONFEE", 1, "13541.33"),  # fees alone: counted, no order
        row("C536368", "85123A", -2),
        row("C536368", "D", -1, "27.5"),
        row("536369", "22423", -9600, 0, who=""),
        row("536370", "DCGS0055", -1, 0, who=""),
        row("A563185", "B", 1, "11062.06"),
        row("536371", "22423", "many"),
        row("536371", "22423", 1, "dear"),
        row("536371", "22423", 1, at="yesterday"),
        row("536371", "22423", 0),
        row("536371", "22423", -3, "1.25"),
        row("", "22423", 1),
        "536372,22423",
    )
    orders = retail.read(file, zone=ZONE)
    assert orders.rows_read == 18
    assert dict(orders.counts) == {"placed": 4, "fee": 3, "cancelled": 1, "adjusted": 1}
    assert dict(orders.set_aside) == {
        "write_off_of_no_product": 1,
        "bad_debt": 1,
        "bad_quantity": 1,
        "bad_price": 1,
        "bad_date": 1,
        "no_quantity": 1,
        "negative_on_sale": 1,
        "no_number_or_code": 1,
        "too_short": 1,
    }
    assert [(sale.number, [line.code for line in sale.rows]) for sale in orders.sales] == [
        ("536365", ["85123A", "85123A", "POST"]),
        ("536366", ["84406b", "84406B"]),
    ]
    assert [(paper.number, len(paper.rows)) for paper in orders.returns] == [("C536368", 1)]
    assert [paper.number for paper in orders.adjustments] == ["536369"]


def test_one_number_at_two_times_is_one_order_at_the_first(tmp_path: Path) -> None:
    file = write(
        tmp_path / "orders.csv",
        row("536591", "22423", 1, at="2010-12-01 16:57"),
        row("536592", "22423", 1, at="2010-12-01 16:58"),
        row("536591", "22424", 1, at="2010-12-01 16:58"),
    )
    orders = retail.read(file, zone=ZONE)
    assert [(sale.number, f"{sale.at:%H:%M}", len(sale.rows)) for sale in orders.sales] == [
        ("536591", "16:57", 2),
        ("536592", "16:58", 1),
    ]


def test_columns_may_move_and_a_missing_one_is_named(tmp_path: Path) -> None:
    moved = "Country,InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID"
    file = write(tmp_path / "moved.csv", "France,1,22423,X,2,2011-01-05 10:00,3.5,12345", header=moved)
    (sale,) = retail.read(file, zone=ZONE).sales
    assert (sale.country, sale.rows[0].quantity) == ("France", 2)
    lacking = write(tmp_path / "lacking.csv", "1,22423", header="InvoiceNo,StockCode")
    with pytest.raises(retail.NotThisFile, match="Description"):
        retail.read(lacking, zone=ZONE)
    (tmp_path / "broken.csv.gz").write_bytes(b"\x1f\x8b\x08 cut")
    with pytest.raises(retail.NotThisFile, match=r"broken\.csv\.gz"):
        retail.read(tmp_path / "broken.csv.gz", zone=ZONE)


def test_a_limit_ends_before_the_next_number(tmp_path: Path) -> None:
    file = write(
        tmp_path / "o.csv", row("1", "22423", 1), row("2", "22423", 1), row("1", "22424", 1), row("3", "22423", 1)
    )
    orders = retail.read(file, zone=ZONE, invoices=2)
    assert (orders.rows_read, [sale.number for sale in orders.sales]) == (3, ["1", "2"])


@needs_real
def test_the_real_file_is_what_its_description_says() -> None:
    orders = retail.read(real_file(), zone=ZONE)
    assert orders.rows_read == 245_903
    assert dict(orders.counts) == {"placed": 239_433, "cancelled": 4_195, "fee": 1_517, "adjusted": 754}
    assert dict(orders.set_aside) == {"write_off_of_no_product": 4}
    assert (len(orders.sales), len(orders.adjustments)) == (9_968, 754)
    first = retail.read(real_file(), zone=ZONE, invoices=938)
    assert first.rows_read == 20_000


@needs_real
def test_supply_for_the_real_file_is_short_as_often_as_it_shall_be() -> None:
    orders = retail.read(real_file(), zone=ZONE)
    made = supply.make(orders, Market(), seed=1)
    assert 0.03 <= made.expected_short <= 0.08


def made(tmp_path: Path, count: int = 120, seed: int = 5, zone: ZoneInfo = ZONE) -> retail.Orders:
    synthetic.write(tmp_path / "made.csv", count=count, seed=seed)
    return retail.read(tmp_path / "made.csv", zone=zone)


def test_synthetic_orders_have_the_same_dirt_and_are_the_same_again(tmp_path: Path) -> None:
    orders = made(tmp_path, count=600)
    first = (tmp_path / "made.csv").read_bytes()
    synthetic.write(tmp_path / "again.csv", count=600, seed=5)
    synthetic.write(tmp_path / "other.csv", count=600, seed=6)
    assert first == (tmp_path / "again.csv").read_bytes()
    assert first != (tmp_path / "other.csv").read_bytes()
    assert len(orders.sales) == 600
    assert {kind for kind, count in orders.counts.items() if count} == {"placed", "cancelled", "fee", "adjusted"}
    lines = [line for sale in orders.sales for line in sale.rows]
    codes = {line.code for line in lines if line.is_product}
    assert any(not sale.customer for sale in orders.sales)
    assert any(line.price == 0 for line in lines)
    assert max(line.quantity for line in lines) == 74_215
    assert len(codes) > len({code.lower() for code in codes})
    assert any(
        twice > 1 for sale in orders.sales for twice in Counter((r.code, r.quantity) for r in sale.rows).values()
    )
    assert 15 < len(lines) / len(orders.sales) < 30


@pytest.mark.parametrize("market", [Market(), JapaneseMarket()])
def test_sales_add_up_and_are_made_up_the_same_again(tmp_path: Path, market: Market) -> None:
    orders = made(tmp_path)
    for invoice in orders.sales:
        sale = market.sale(invoice, "shopify")
        assert sale == market.sale(invoice, "shopify")
        assert sale.total_minor == sum(line_minor(line, market.currency) for line in sale.lines)
        assert (sale.person.email == "") == (invoice.customer == "")
        assert sale.payment == "free" or sale.total_minor > 0


def test_japan_has_its_payments_rates_and_days(tmp_path: Path) -> None:
    market = JapaneseMarket()
    orders = made(tmp_path, count=400, zone=market.zone)
    sales = [market.sale(invoice, channel) for invoice in orders.sales for channel in ("shopify", "csv")]
    assert {sale.payment for sale in sales} >= {"card", "konbini", "cod", "prepaid"}
    assert {line.tax_rate_bp for sale in sales for line in sale.lines} == {800, 1000}
    assert all(sale.at.endswith("+09:00") for sale in sales)
    assert market.at(orders.sales[0].at).weekday() == orders.sales[0].at.weekday()


def test_the_plan_keeps_every_paper_in_the_order_of_the_file(tmp_path: Path) -> None:
    orders, market = made(tmp_path), Market()
    plan = Plan(orders, market, supply.make(orders, market, seed=1))
    slots = [slot for day in plan.days for slot in day.slots]
    assert [invoice for slot in slots for _channel, invoice in slot.sales] == orders.sales
    assert [paper for slot in slots for paper in slot.returns] == orders.returns
    assert all(earlier.ends_at < later.ends_at for earlier, later in pairwise(slots))
    assert [day.date for day in plan.days] == [plan.days[0].date + timedelta(days=n) for n in range(len(plan.days))]
    assert all(day.date == slot.ends_at.date() for day in plan.days for slot in day.slots)
    told = Counter((slug, command) for slot in slots for slug, command, _args in plan.calls(slot))
    assert set(told) == {
        ("shopify", "place_orders"),
        ("csv", "send_orders"),
        ("csv", "send_returns"),
        ("csv", "send_stock"),
    }


def test_supply_is_the_same_for_the_same_seed_and_comes_weekly(tmp_path: Path) -> None:
    orders, market = made(tmp_path, count=400), Market()
    first, again, other = (supply.make(orders, market, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert 0.03 <= first.expected_short <= 0.08
    days = sorted({date.fromisoformat(row.at[:10]) for row in first.rows})
    assert all(day.weekday() == 0 for day in days[1:])
    assert all(row.quantity > 0 and row.unit_cost and row.unit_cost > 0 for row in first.rows)


def test_every_article_that_is_supplied_or_sold_is_listed(tmp_path: Path) -> None:
    orders, market = made(tmp_path), Market()
    made_up = supply.make(orders, market, seed=1)
    listed: Any = {article.sku for article in Plan(orders, market, made_up).articles()}
    sold = {line.code for paper in (*orders.sales, *orders.returns, *orders.adjustments) for line in paper.rows}
    assert listed == {code for code in sold if retail.PRODUCT.fullmatch(code)}
    assert {row.sku for row in made_up.rows} <= listed
