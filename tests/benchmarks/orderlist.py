"""The order list in a shop of 10,000 orders and in one of a million: the same time, and never a table counted or paged by number.

The staff's desk and the record room: first page, a page deep inside, a filter, an exact search; by Django's own test client,
middleware and templates included, in both shops in turn. Every statement is read: OFFSET is in none, and COUNT only where a
LIMIT bounds what is counted, or over the lines of one order.
"""

import re
import statistics
import time
from collections.abc import Mapping

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from apps.core import keyset
from apps.orders.models import Order
from tests.benchmarks import fill, measure, truth
from tests.benchmarks.growth import shops_with_a_past
from tests.benchmarks.stage import Stage
from tests.staff.people import browser_of

LOOKS = 15  # at each page, a round
OPEN = 300
MOST = 1.3
_BOUNDED = re.compile(r"\(SELECT count\(\*\) FROM \((?:(?!\(SELECT count).)* LIMIT \d+\) AS bounded\)", re.I | re.S)
_LINES_OF_ONE = re.compile(
    r'COUNT\(\*\) AS "n" FROM "orders_orderline" \w+ WHERE \(?\w+\."kind" = \S+ AND \w+\."order_id" = ', re.I
)


def run(stage: Stage) -> None:
    """The median of a page in the large shop, of the same page's in the small one."""
    sizes = (10_000, 1_000_000) if stage.is_full else (2_000, 50_000)
    stage.say(f"order list of {sizes[0]:,} and {sizes[1]:,} orders")
    shops = {}
    for name, (place, count) in shops_with_a_past(stage, sizes).items():
        stage.enter(name)
        fill.orders(place, OPEN, is_closed=False)
        fill.settle()
        shops[name] = _pages(str(place.channel.id))
        truth.check(count + OPEN)
    small, large = shops
    seen = _statements(stage, shops)
    for page in shops[small]:
        times: dict[str, list[float]] = {small: [], large: []}
        for _ in range(stage.rounds):
            for name in shops:
                stage.enter(name)
                times[name].append(_time(_owner(), shops[name][page]))
        stage.details[f"order list, {page}"] = {f"{size} orders, ms": [round(one * 1000, 2) for one in times[name]]
                                               for name, size in zip(shops, sizes, strict=True)}  # fmt: skip
        growth = measure.ratio(times[large], times[small])
        ms = {name: f"{measure.middle(looks) * 1000:.1f} ms" for name, looks in times.items()}
        stage.judge(
            f"order list of {sizes[1]:,}: {page}", ms[large], beside=f"of {sizes[0]:,} {ms[small]}", ratio=str(growth),
            target=f"≤ {MOST}", is_met=growth.median <= MOST, is_full=stage.is_full,
        )  # fmt: skip
    counts, offsets = _offences(seen)
    stage.judge(
        "  COUNT of a table and OFFSET in their SQL", f"{len(counts)} and {len(offsets)} in {len(seen)} statements",
        target="0 and 0", is_met=not counts and not offsets, is_full=stage.is_full,
    )  # fmt: skip
    stage.details["order list, offending statements"] = counts + offsets


def _pages(channel: str) -> dict[str, str]:
    """The addresses that are looked at, in this shop."""
    rows = Order.objects.order_by("placed_at", "id")
    middle = Order.objects.order_by("-id").values_list("placed_at", flat=True)[Order.objects.count() // 2]
    deep = keyset.page(rows.filter(placed_at__lte=middle), ("placed_at", "id"), newest_first=True).after
    number = rows.filter(placed_at__lte=middle).last().number
    desk = reverse("staff:desk")
    room = reverse("admin:orders_order_changelist")
    return {
        "desk, first page": f"{desk}?queue=all", "desk, deep page": f"{desk}?queue=all&after={deep}",
        "desk, one channel": f"{desk}?queue=all&channel={channel}", "desk, exact search": f"{desk}?q={number}",
        "record room, first page": room, "record room, exact search": f"{room}?q={number}",
    }  # fmt: skip


def _owner() -> Client:
    """A signed-in browser of an owner; made once a shop."""
    person, is_new = get_user_model().objects.get_or_create(username="bench", defaults={"email": "b@example.com"})
    if is_new:
        person.groups.set(Group.objects.filter(name="owner"))
    return browser_of(person)


def _time(browser: Client, address: str) -> float:
    """Seconds of the median look."""
    looks = []
    for _ in range(LOOKS):
        started = time.perf_counter()
        answer = browser.get(address, headers={"host": "localhost"})
        looks.append(time.perf_counter() - started)
        if answer.status_code != 200:
            raise truth.Wrong(f"{address} was answered {answer.status_code}")
    return statistics.median(looks)


def _statements(stage: Stage, shops: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Everything that the pages ask of the database, as it was sent."""
    seen: list[str] = []
    for name, pages in shops.items():
        stage.enter(name)
        browser = _owner()
        for address in pages.values():
            with measure.counted_statements() as statements:
                browser.get(address, headers={"host": "localhost"})
            seen += statements.texts
    return seen


def _offences(statements: list[str]) -> tuple[list[str], list[str]]:
    """Statements that count without a bound, and those that page by number."""
    rest = [(text, _LINES_OF_ONE.sub("", _BOUNDED.sub("", text))) for text in statements]
    return (
        [text for text, left in rest if re.search(r"\bcount\s*\(", left, re.I)],
        [text for text in statements if re.search(r"\boffset\b", text, re.I)],
    )
