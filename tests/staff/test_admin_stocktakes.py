"""A stocktake in the record room: looked up, never changed, and silent about the book while it is counted blind."""

import pytest
from django.urls import reverse

from apps.inventory.models import StocktakeLine
from tests import builders
from tests.inventory.sheets import opened, put

pytestmark = pytest.mark.django_db
BOOK, COUNTED = 7391, 7388  # numbers that stand on no page by chance


def _pages(browser, sheet) -> str:
    rows = reverse("admin:inventory_stocktakeline_changelist") + f"?stocktake__id__exact={sheet.id}"
    one = reverse("admin:inventory_stocktakeline_change", args=[sheet.lines.get().id])
    answers = [browser.get(address) for address in (rows, one)]
    assert [answer.status_code for answer in answers] == [200, 200]
    return " ".join(answer.content.decode() for answer in answers)


@pytest.mark.parametrize(("is_blind", "shows"), [(True, (True, False)), (False, (True, True))])
def test_the_book_of_a_blind_count_is_not_shown(browser_as, is_blind, shows):
    article = builders.variant("CUP")
    builders.stock(article, BOOK)
    sheet = opened(is_blind=is_blind)
    put(sheet, article, COUNTED)

    page = _pages(browser_as("owner"), sheet)

    assert (str(COUNTED) in page, str(BOOK) in page) == shows


def test_nothing_of_it_is_changed_here(browser_as):
    builders.stock(builders.variant("CUP"), 5)
    sheet = opened()
    owner = browser_as("owner")

    answers = [
        owner.post(reverse("admin:inventory_stocktake_change", args=[sheet.id]), {"note": "x"}),
        owner.post(reverse("admin:inventory_stocktakeline_change", args=[sheet.lines.get().id]), {"counted": "9"}),
        owner.get(reverse("admin:inventory_stocktake_add")),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert StocktakeLine.objects.get().counted is None
