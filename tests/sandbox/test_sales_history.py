"""A file of orders as demand, and the figure that the forecast is held to: on real orders it beats the seasonal naive one."""

import json
from datetime import date
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from apps.inventory.forecasting import History, Sale
from apps.sandbox import retail
from apps.sandbox.sales_history import Book
from tests.sandbox.test_orders_file import needs_real, real_file, row, write


def _book(path: Path, *rows: str) -> Book:
    return Book(retail.read(write(path / "orders.csv", *rows), zone=ZoneInfo("UTC")))


def test_what_is_called_off_is_no_demand_from_the_day_it_is_known(tmp_path: Path) -> None:
    book = _book(
        tmp_path,
        row("1", "10001", 5, at="2010-12-01 09:00"),
        row("2", "10001", 70000, at="2010-12-03 09:00"),
        row("C3", "10001", -70001, at="2010-12-05 09:16"),
        row("4", "10001", 8, at="2010-12-08 10:00"),
    )

    assert (book.first, book.days, book.codes) == (date(2010, 12, 1), 8, ["10001"])
    assert book.known(4) == [History([Sale(0, 5), Sale(2, 70000)], [1.0] * 4)]
    assert book.known(5) == [History([Sale(0, 4)], [1.0] * 5)]
    assert book.asked() == [[4, 0, 0, 0, 0, 0, 0, 8]]
    assert book.asked(is_gross=True) == [[5, 0, 70000, 0, 0, 0, 0, 8]]


def test_a_cancellation_takes_from_its_own_customers_sales_before_it(tmp_path: Path) -> None:
    book = _book(
        tmp_path,
        row("1", "10001", 5, at="2010-12-01 09:00", who="1"),
        row("2", "10001", 5, at="2010-12-01 10:00", who="2"),
        row("C3", "10001", -9, at="2010-12-02 09:00", who="2"),
        row("4", "10001", 5, at="2010-12-03 09:00", who="2"),
        row("C5", "10001", -1, at="2010-12-03 10:00", who=""),
    )

    assert book.asked() == [[5, 0, 5]]


def test_an_article_can_be_bought_from_its_first_sale_on(tmp_path: Path) -> None:
    book = _book(
        tmp_path, row("1", "10001", 1, at="2010-12-01 09:00"), row("2", "10002", 2, at="2010-12-03 09:00"),
        row("3", "POST", 1, at="2010-12-04 09:00"), row("4", "10001", 1, at="2010-12-05 09:00"),
    )  # fmt: skip

    assert [list(history.on_shelf) for history in book.known(4)] == [[1, 1, 1, 1], [0, 0, 1, 1]]
    assert (book.sold_often(2), book.sold_often(2, before=4), book.sold_often(1)) == ([0], [], [0, 1])


def test_a_file_with_too_little_is_refused_in_words(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", row("1", "10001", 1))

    with pytest.raises(CommandError, match="too little in the file"):
        call_command("forecast_backtest", path, stdout=StringIO())
    with pytest.raises(CommandError, match=r"nowhere\.csv"):
        call_command("forecast_backtest", tmp_path / "nowhere.csv", stdout=StringIO())


@needs_real
@pytest.mark.slow
def test_on_real_orders_the_forecast_beats_the_seasonal_naive_one() -> None:
    """The constants were chosen on the days before 2011-04-01; `judged` are the days after it."""
    out = StringIO()

    call_command("forecast_backtest", real_file(), json=True, stdout=out)

    said = json.loads(out.getvalue())
    judged = said["judged"]
    assert (said["first"], said["cut"]) == ("2010-12-01", "2011-04-01")
    assert (judged["variants"], judged["origins"]) == (2122, 10)
    assert (round(judged["ours"], 3), round(judged["naive"], 3), round(judged["gain"], 3)) == (0.673, 1.0, 0.327)
    assert (round(judged["better"], 3), round(judged["bias"], 3), round(judged["enough"], 3)) == (0.727, -0.073, 0.938)
    assert round(said["chosen"]["gain"], 3) == 0.331
