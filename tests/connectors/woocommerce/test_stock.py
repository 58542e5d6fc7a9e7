"""Setting and reading stock: request built so, called so, answer parsed so, error parsed so."""

from dataclasses import replace

import pytest

from apps.connectors.woocommerce import mapping_stock, stock
from apps.connectors.woocommerce.client import Refused
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.stand import line


class Answers:
    """Stands where the client stands and answers (or raises) what a test gives it; what was asked is kept."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def call(self, method, path, *, body):
        self.asked.append((method, path, [(one["id"], one["stock_quantity"]) for one in body["update"]]))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def row(id, quantity, **facts):
    return {"id": id, "manage_stock": True, "stock_quantity": quantity} | facts


def rows(*ids, quantity=5):
    return {"update": [row(id, quantity) for id in ids]}


def refused(status=400, message="no"):
    return Refused(f"POST: WooCommerce answered {status}: {message}", status=status, word="x")


def wanted(*ids, quantity=5):
    return [c.StockQuantity(external_id=id, quantity=quantity, expected=9) for id in ids]


def fates(outcomes):
    return [
        "set" if one.is_set else "unknown" if one.is_unknown else "put off" if one.is_put_off else one.error
        for one in outcomes
    ]


def test_the_request_is_built_so(connector, listing, asked):
    one, other = listing("ZUNDA"), listing("ANKO")
    connector.set_stock([replace(one, quantity=7, expected=50), replace(other, quantity=0)], "push-1")
    assert asked() == [
        (
            "POST", "/products/batch", {},
            {
                "update": [
                    {"id": int(one.external_id), "manage_stock": True, "stock_quantity": 7},
                    {"id": int(other.external_id), "manage_stock": True, "stock_quantity": 0},
                ]
            },
        )
    ]  # fmt: skip


def test_products_go_a_hundred_a_call_and_variations_by_their_product(connector, listing, asked, ledger):
    simple = [replace(listing(f"many-{number}"), quantity=3) for number in range(120)]
    below = [replace(listing(sku), quantity=4) for sku in ("41001A", "41002A", "41001B")]
    outcomes = connector.set_stock([*below[:1], *simple, *below[1:]], "push-2")
    assert ([one.is_set for one in outcomes], [one.external_id for one in outcomes]) == (
        [True] * 123,
        [one.external_id for one in (below[0], *simple, *below[1:])],
    )
    one, other = (int(listed.external_id.partition("/")[0]) for listed in below[:2])
    assert [(method, path, len(body["update"])) for method, path, _, body in asked()] == [
        ("POST", "/products/batch", 100), ("POST", "/products/batch", 20),
        ("POST", f"/products/{one}/variations/batch", 2), ("POST", f"/products/{other}/variations/batch", 1),
    ]  # fmt: skip
    assert ledger("SELECT DISTINCT shown FROM woocommerce_shown WHERE sku LIKE 'many-%'") == [(3,)]
    assert ledger("SELECT shown FROM woocommerce_shown WHERE sku IN ('41001A', '41001B')") == [(4,), (4,)]


def test_an_answer_is_parsed_so(connector, listing, place):
    one, other = listing("SAKURA", shown=12), listing("42001C", shown=8)
    place(line("SAKURA", 2), line("42001C", 9))
    found = [told for page in connector.shown_stock() for told in page if told.sku in ("SAKURA", "42001C")]
    assert sorted(found, key=lambda told: told.sku) == [replace(other, quantity=-1), replace(one, quantity=10)]


def test_an_article_without_a_number_of_its_own_shows_none_and_gets_one(connector, listing, stand, ledger):
    listed = listing("UNCOUNTED")
    stand.told("woocommerce/uncount", sku="UNCOUNTED")
    assert [one for page in connector.shown_stock() for one in page if one.sku == "UNCOUNTED"] == []
    (outcome,) = connector.set_stock([replace(listed, quantity=6)], "push-3")
    assert (outcome.is_set, outcome.shown) == (True, 6)
    assert ledger("SELECT is_counted, shown FROM woocommerce_shown WHERE sku = 'UNCOUNTED'") == [(1, 6)]


def test_a_number_that_variations_share_is_nobody_s_own():
    assert mapping_stock.shown(row(1, 5, manage_stock="parent")) is None
    assert [mapping_stock.shown(row(1, quantity)) for quantity in (5, -2, None)] == [5, -2, None]


def test_an_error_is_parsed_so():
    error = {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.", "data": {"status": 400}}
    client = Answers({"update": [row(1, 5), {"id": 2, "error": error}, {"id": 3, "error": {"code": "odd"}}]})
    outcomes = stock.Push(client, wanted("1", "2", "3")).settle()
    assert (fates(outcomes), [one.shown for one in outcomes]) == (["set", "Invalid ID.", "odd"], [5, None, None])


def test_a_number_that_the_shop_does_not_take_is_no_success():
    client = Answers({"update": [row(1, 4), row(2, None, manage_stock=False)]})
    shown, uncounted = fates(stock.Push(client, wanted("1", "2")).settle())
    assert shown.startswith("the shop shows 4 instead")
    assert uncounted.startswith("the shop keeps no number for it")


def test_an_article_that_the_answer_passes_over_is_in_doubt():
    assert fates(stock.Push(Answers(rows(1)), wanted("1", "2")).settle()) == ["set", "unknown"]


@pytest.mark.parametrize("answer", [[], {}, {"update": None}, "yes", None])
def test_an_answer_that_is_none_leaves_the_first_call_in_doubt(answer):
    with pytest.raises(errors.Transient) as caught:
        stock.Push(Answers(answer), wanted("1")).settle()
    assert caught.value.sent


def test_a_call_that_is_refused_fails_its_own_and_no_others():
    client = Answers(refused(404, "Invalid parent"), rows(3))
    outcomes = stock.Push(client, wanted("22/1", "23/3", "no such thing")).settle()
    assert fates(outcomes) == [
        "POST: WooCommerce answered 404: Invalid parent", "set", "no such thing is no product of WooCommerce's",
    ]  # fmt: skip
    assert [path for _, path, _ in client.asked] == ["/products/22/variations/batch", "/products/23/variations/batch"]


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (errors.Transient("cut", sent=True), "unknown"), (errors.Transient("nobody", sent=False), "put off"),
        (errors.RateLimited("slow"), "put off"), (errors.Misconfigured("key"), "put off"),
    ],
)  # fmt: skip
def test_where_a_later_call_fails_each_quantity_has_its_fate(error, fate):
    client = Answers(rows(1), error)
    outcomes = stock.Push(client, wanted("1", "22/2", "22/3", "23/4")).settle()
    assert fates(outcomes) == ["set", fate, fate, "put off"]
    assert len(client.asked) == 2


@pytest.mark.parametrize(
    "error", [errors.Transient("cut", sent=True), errors.RateLimited("slow"), errors.Misconfigured("key")]
)
def test_where_the_first_call_fails_so_does_the_push(error):
    client = Answers(error)
    with pytest.raises(type(error)):
        stock.Push(client, wanted("1", "22/2")).settle()
    assert len(client.asked) == 1
