"""A location is closed only when nothing lies there, is on its way there or is waited for there; the refusal says what does."""

import pytest

from apps.inventory import places
from tests import builders
from tests.flows.buying import arrive, sent
from tests.inventory.shelves import demand

pytestmark = pytest.mark.django_db


def test_an_empty_place_can_be_closed():
    assert places.why_not_close(builders.location("shop")) == ""


def test_the_place_of_new_orders_stays_open():
    assert places.why_not_close(builders.location()).startswith("New orders are taken from main")


def test_what_lies_there_and_comes_there_is_named():
    shop = builders.location("shop")
    for sku in ("CUP", "POT"):
        article = builders.variant(sku)
        builders.stock(article, 9)
        transfer = sent(article, 5)
        if sku == "CUP":
            arrive(transfer, 3)

    assert places.why_not_close(shop) == (
        "shop cannot be closed: CUP (3 lie there, 2 are on their way), POT (5 are on their way)."
        " Move it, count it out or call it off first."
    )


def test_what_is_waited_for_there_is_named():
    main = builders.location()
    demand(builders.variant("CUP"), 4)
    main.is_default = False

    assert "CUP (4 are waited for)" in places.why_not_close(main)


def test_many_articles_are_counted_and_not_listed():
    main = builders.location()
    for number in range(7):
        builders.stock(builders.variant(f"A{number}"), 1)
    main.is_default = False

    assert "A4 (1 lie there) and 2 more articles." in places.why_not_close(main)
