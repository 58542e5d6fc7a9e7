"""Setting and reading stock: request built so, called so, answer parsed so, error parsed so."""

import json
from dataclasses import replace

import pytest

from apps.connectors.shopify import stock
from apps.connectors.shopify.documents import DOCUMENTS
from apps.hub import contracts as c
from apps.hub import errors
from apps.sandbox.shopify_stock import LOCATION
from tests.connectors.stand import line

HERE = f"gid://shopify/Location/{LOCATION}"


class Answers:
    """Stands where the client stands and answers what a test gives it; what was asked is kept."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def call(self, operation, variables):
        self.asked.append((operation, variables))
        return self.answers.pop(0)


def errors_of(*said):
    errors = [{"code": code, "field": field, "message": code.lower()} for code, field in said]
    return {"inventorySetQuantities": {"userErrors": errors}}


def shown(**levels):
    nodes = [
        {"id": f"gid://shopify/InventoryItem/{item[1:]}", "inventoryLevel": {"quantities": [{"quantity": quantity}]}}
        for item, quantity in levels.items()
    ]
    return {"nodes": nodes}


def wanted(item, quantity, expected):
    return c.StockQuantity(external_id=str(item), quantity=quantity, expected=expected)


def test_the_request_is_built_so(connector, listing, asked, stand):
    one, other = listing("ZUNDA"), listing("ANKO")
    connector.set_stock([replace(one, quantity=7, expected=50), replace(other, quantity=0)], "push-1")
    ((name, variables),) = asked()
    assert (name, json.loads(stand.heard[-1].body)["query"]) == ("SetStock", DOCUMENTS["SetStock"])
    assert variables["input"] == {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": f"gid://kurogo/StockPush/{variables['key']}",
        "quantities": [
            {
                "inventoryItemId": f"gid://shopify/InventoryItem/{one.external_id}",
                "locationId": HERE,
                "quantity": 7,
                "changeFromQuantity": 50,
            },
            {
                "inventoryItemId": f"gid://shopify/InventoryItem/{other.external_id}",
                "locationId": HERE,
                "quantity": 0,
                "changeFromQuantity": None,
            },
        ],
    }


def test_it_is_called_with_the_same_key_for_the_same_push_and_another_for_another(connector, listing, asked):
    one = replace(listing(), quantity=7, expected=50)
    for key in ("push-2", "push-2", "push-3"):
        connector.set_stock([replace(one, expected=None)], key)
    keys = [variables["key"] for _name, variables in asked()]
    assert [keys.index(key) for key in keys] == [0, 0, 2]


def test_a_stale_quantity_is_read_back_and_the_rest_set_in_a_second_call(connector, listing, place, asked):
    rows = [listing() for _ in range(3)]
    place(line(rows[1].sku, 4))
    connector.set_stock([replace(row, quantity=9, expected=50) for row in rows], "push-4")
    operations = [
        (name, said.get("ids") or [q["inventoryItemId"] for q in said["input"]["quantities"]]) for name, said in asked()
    ]
    gids = [f"gid://shopify/InventoryItem/{row.external_id}" for row in rows]
    assert operations == [("SetStock", gids), ("ShownItems", [gids[1]]), ("SetStock", [gids[0], gids[2]])]
    keys = [said["key"] for name, said in asked() if name == "SetStock"]
    assert len(set(keys)) == 2


def test_an_answer_is_parsed_so(connector, listing):
    row = listing("SAKURA", shown=12)
    found = [one for page in connector.shown_stock() for one in page if one.external_id == row.external_id]
    assert found == [
        c.StockQuantity(external_id=row.external_id, quantity=12, sku="SAKURA", location_external_id=str(LOCATION))
    ]


def test_levels_come_page_by_page(connector, listing, ledger, asked):
    for number in range(260):
        listing(f"level-{number}")
    pages = list(connector.shown_stock())
    counted = ledger("SELECT count(*) FROM shopify_shown")[0][0]
    assert [len(page) for page in pages] == [250] * (counted // 250) + [counted % 250]
    assert [said["first"] for name, said in asked() if name == "ShownStock"] == [250] * len(pages)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("IDEMPOTENCY_CONCURRENT_REQUEST", errors.Transient),
        ("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", errors.Permanent),
        ("INVALID_REASON", errors.Permanent),
        ("A_WORD_OF_TOMORROW", errors.Permanent),
    ],
)
def test_an_error_of_the_whole_call_is_parsed_so(code, error):
    push = stock.Push(Answers(errors_of((code, None))), HERE, "k")
    with pytest.raises(error, match=code.lower()):
        push.settle([wanted(1, 5, 4)])


def test_an_error_that_names_no_item_makes_all_of_them_read_back():
    client = Answers(errors_of(("CHANGE_FROM_QUANTITY_STALE", ["input", "quantities"])), shown(i1=4, i2=9), errors_of())
    outcomes = stock.Push(client, [HERE], "k").settle([wanted(1, 5, 4), wanted(2, 5, 4)])
    assert [(one.is_set, one.is_stale, one.shown) for one in outcomes] == [(True, False, 5), (False, True, 9)]


def test_a_push_that_failed_before_is_taken_up_where_it_stopped():
    """The key of a refused call is spent: what an earlier try has set is seen by reading, the rest goes by a new key."""
    spent = errors_of(("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", None))
    client = Answers(spent, shown(i1=5, i2=9, i3=4), errors_of())
    outcomes = stock.Push(client, [HERE], "k").settle([wanted(1, 5, 4), wanted(2, 5, 4), wanted(3, 5, 4)])
    assert [(one.is_set, one.is_stale, one.shown) for one in outcomes] == [
        (True, False, 5), (False, True, 9), (True, False, 5),
    ]  # fmt: skip
    (_first, _read, last) = client.asked
    assert [one["inventoryItemId"][-1] for one in last[1]["input"]["quantities"]] == ["3"]


def test_a_push_that_others_overtake_again_and_again_ends_with_what_is_shown():
    stale = errors_of(("CHANGE_FROM_QUANTITY_STALE", ["input", "quantities", "0", "changeFromQuantity"]))
    client = Answers(*[stale, shown(i1=4)] * stock.ROUNDS)
    outcomes = stock.Push(client, [HERE], "k").settle([wanted(1, 5, 4)])
    assert outcomes == [c.StockOutcome(external_id="1", is_set=False, is_stale=True, shown=4)]
    assert len({said["key"] for name, said in client.asked if name == "SetStock"}) == stock.ROUNDS


def test_an_item_that_is_not_kept_here_fails_alone():
    client = Answers(
        errors_of(("CHANGE_FROM_QUANTITY_STALE", ["input", "quantities", "0"])), {"nodes": [None]}, errors_of()
    )
    outcomes = stock.Push(client, [HERE], "k").settle([wanted(1, 5, 4), wanted(2, 5, 4)])
    assert [(one.is_set, one.error) for one in outcomes] == [
        (False, "the item is not kept at this location"),
        (True, ""),
    ]


def test_two_hundred_and_fifty_go_in_one_call(connector, listing, asked, ledger):
    rows = [replace(listing(f"many-{number}"), quantity=3, expected=50) for number in range(250)]
    outcomes = connector.set_stock(rows, "push-9")
    assert ([one.is_set for one in outcomes], len(asked())) == ([True] * 250, 1)
    assert ledger("SELECT DISTINCT available FROM shopify_shown WHERE sku LIKE 'many-%'") == [(3,)]
