"""WooCommerce: connector and stand-in keep to our shape file, and the shape file says what the vendor's documentation says."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from apps.connectors.woocommerce import codes, mapping_stock
from apps.connectors.woocommerce.connector import WooCommerceConnector
from apps.connectors.woocommerce.settings import WooCommerceSettings
from apps.core import clock, net
from apps.hub import contracts as c
from apps.hub.errors import Misconfigured
from apps.sandbox.words import Article, plain
from tests.connectors.stand import Stand, line, parcel_of
from tests.connectors.woocommerce.conftest import sale_of
from tests.contracts import shape
from tests.contracts.openapi import contract

SHAPE = shape.load("woocommerce")
OPERATIONS, THINGS, TABLES = SHAPE["operations"], SHAPE["things"], SHAPE["tables"]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> dict[str, list[tuple[dict[str, str], Any, int, Any]]]:
    """What the real connector asked and the real stand-in answered, by operation: (query, sent, status, answered)."""
    with pytest.MonkeyPatch.context() as patch, Stand(tmp_path_factory.mktemp("world")) as stand:
        patch.setattr("django.conf.settings.PRIVATE_PEERS", stand.peers())
        stand.told("woocommerce/setup", consumer_key="k", consumer_secret="s")
        settings = WooCommerceSettings(shop_url=stand.url("woocommerce"), consumer_key="k", consumer_secret="s")
        connector = WooCommerceConnector(settings, UUID(int=1))
        articles = [Article(sku=sku, title=sku, price=1200, currency="JPY", shown=9) for sku in ("TEA", "10001A")]
        stand.told("woocommerce/list_variants", variants=plain(articles))
        full = sale_of(
            *[line(f"S{number}", 1 + number % 3) for number in range(120)], line("", 1, "600", kind="shipping"),
            line("", 1, "300", kind="fee"), line("", 1, "-500", kind="discount"), payment="card",
        )  # fmt: skip
        guest = sale_of(person=type(full.person)(), payment="prepaid")
        stand.told("woocommerce/place_orders", sales=plain([full, guest]))
        stand.told("woocommerce/refund", number=full.number, units={"S1": 1}, note="broken")
        _speak(connector, full, stand)
        stand.told("woocommerce/become", number=guest.number, status="trash")
        found: dict[str, list[tuple[dict[str, str], Any, int, Any]]] = {"folder": [({}, None, 0, str(stand.folder))]}
        for ask, answer in zip(stand.heard, stand.answered, strict=True):
            name, _ = shape.operation(OPERATIONS, ask.method, ask.path)
            sent = json.loads(ask.body) if ask.body else None
            found.setdefault(name, []).append((ask.query, sent, answer.status, answer.body))
        net.close()
        return found


def _speak(connector: WooCommerceConnector, full: Any, stand: Stand) -> None:
    stale = WooCommerceConnector(
        WooCommerceSettings(shop_url=connector.settings.shop_url, consumer_key="k", consumer_secret="wrong"),
        UUID(int=1),
    )
    with pytest.raises(Misconfigured, match="401"):
        stale.check()
    stand.told("woocommerce/setup", webhook_status="disabled")
    connector.check()  # the webhook that the shop has given up is none of ours
    list(connector.variants())
    levels = [one for page in connector.shown_stock() for one in page]
    assert len(levels) == 2
    missing = c.StockQuantity(external_id="999", quantity=1)
    connector.set_stock([*(replace(one, quantity=4) for one in levels), missing], "key")
    cards = [card for page in connector.variants() for card in page]
    tags = [
        c.PriceTag(external_id=one.external_id, product_external_id=one.product_external_id, amount=one.price, currency="JPY")
        for one in cards
    ]  # fmt: skip
    connector.set_prices([*tags, replace(tags[0], external_id="999", product_external_id="")], "key")
    window = (clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1))
    drafts = [connector.read(e.topic, e.raw)[0] for page in connector.changed_orders(*window) for e in page]
    (draft,) = [one for one in drafts if one.number == full.number]
    connector.fetch_order("1")
    whole = parcel_of(connector, full, draft.external_id)
    connector.create_fulfilment(replace(whole, reference="S-0", lines=whole.lines[:1]), "key")
    connector.create_fulfilment(replace(whole, lines=whole.lines[1:]), "key")
    assert connector.find_fulfilment(replace(whole, lines=whole.lines[1:])) is not None


def shapes_of(answered: Any, document: Any) -> Iterator[tuple[dict[str, str], Any]]:
    """What an operation answers, thing by thing, each with its shape."""
    if isinstance(answered, str):
        yield THINGS[answered], document
    elif isinstance(answered, list):
        for one in document:
            yield THINGS[answered[0]], one
    else:
        for name, listed in answered.items():
            for one in document[name]:
                yield (SHAPE["error"], one["error"]) if "error" in one else (THINGS[listed[0]], one)


# Ours


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_we_send_and_hear_keeps_to_the_shape(spoken, name):
    known = OPERATIONS[name]
    assert spoken[name]
    for query, sent, status, answered in spoken[name]:
        assert set(query) <= set(known.get("asked", ()))
        assert ([] if sent is None else shape.problems(sent, known["sent"], closed=True)) == []
        if status >= 400:
            assert shape.problems(answered, SHAPE["error"], closed=False) == []
            continue
        cut = query.get("_fields", "").split(",") if "_fields" in query else None
        for form, thing in shapes_of(known["answered"], answered):
            assert shape.problems(thing, form, closed=False) == []
            assert cut is None or set(thing) <= set(cut)


def test_refusals_were_heard(spoken):
    statuses = {status for name in OPERATIONS for _, _, status, _ in spoken[name]}
    assert statuses == {200, 201, 401, 404}
    rows = [row for _, _, _, answered in spoken["POST /wp-json/wc/v3/products/batch"] for row in answered["update"]]
    assert [sorted(row) for row in rows if "error" in row] == [["error", "id"]] * 2


def test_what_leaves_the_shape_is_found(spoken):
    ((_, sent, _, answered), *_) = spoken["POST /wp-json/wc/v3/orders/{id}/notes"]
    known = OPERATIONS["POST /wp-json/wc/v3/orders/{id}/notes"]["sent"]
    assert shape.problems({**sent, "note": "", "colour": 1}, known, closed=True) == [
        "note has 0 characters", "colour is not in the shape",
    ]  # fmt: skip
    assert shape.problems({**answered, "id": "281", "note": None}, THINGS["note"], closed=False) == [
        "id is '281', not a integer", "note is null",
    ]  # fmt: skip


def test_the_fields_that_we_ask_for_are_those_of_the_shape():
    for fields, name in ((mapping_stock.PRODUCT_FIELDS, "product"), (mapping_stock.VARIATION_FIELDS, "variation")):
        assert sorted(fields.split(",")) == sorted(path for path in THINGS[name] if "[" not in path)


def test_the_stand_in_s_notices_keep_to_the_shape(spoken):
    folder = spoken["folder"][0][3]
    with sqlite3.connect(f"file:{folder}/world.sqlite?mode=ro", uri=True) as db:
        rows = db.execute("SELECT topic, body FROM notice WHERE hook = 'woocommerce' ORDER BY seq").fetchall()
    assert {topic for topic, _ in rows} == {"order.created", "order.updated", "order.deleted"}
    for topic, body in rows:
        form = {"id": "integer!"} if topic == "order.deleted" else THINGS["order"]
        assert shape.problems(json.loads(body), form, closed=topic == "order.deleted") == []


# The vendor's


@pytest.fixture(scope="module")
def documentation() -> dict[str, Any]:
    return json.loads(contract(SHAPE["specification"]).read_text())["resources"]


def documented(documentation: dict[str, Any], thing: str, path: str) -> tuple[str, bool] | None:
    """(type, read only) of a dotted path in the vendor's tables, in the notation of shape files; None where it has none."""
    parent, _, name = path.rpartition(".")
    section = TABLES[thing].get(parent)
    if section is None:
        return None
    rows = documentation[TABLES[thing]["resource"]]["properties"][section]
    found = next((row for row in rows if row["name"] == name), None)
    kind = {"date-time": "string", "mixed": "any"}
    return (kind.get(found["type"], found["type"]), "[read-only]" in found["description"]) if found else None


def noted(thing: str, path: str) -> bool:
    """Whether the shape file says that the documentation is wrong or silent here."""
    full = f"{thing}.{path}"
    known = [fault["where"] for fault in SHAPE["faults"]] + list(SHAPE["beyond"])
    return any(full == one or full.startswith(f"{one}.") for one in known)


@pytest.mark.parametrize("thing", THINGS)
def test_the_shape_says_what_the_vendor_s_tables_say(documentation, thing):
    wrong = {}
    for path, word in THINGS[thing].items():
        if path.endswith("[]"):
            continue  # a row of a list: its own table, or none
        kind, said = word.split(" ")[0].rstrip("!?"), documented(documentation, thing, path)
        taxes = path.rpartition(".")[0].endswith(".taxes[]")
        if not taxes and (said is None or said[0] != kind) and not noted(thing, path):
            wrong[path] = (kind, said)
    assert wrong == {}


def test_a_line_s_taxes_are_those_of_the_refund_s_table(documentation):
    for path in ("id", "total"):
        said = documented(documentation, "refund", f"line_items[].taxes[].{path}")
        assert said is not None
        assert said[0] == THINGS["order"][f"line_items[].taxes[].{path}"].rstrip("!")
    repeated = documentation["orders"]["properties"]
    assert repeated["Order - Taxes properties ###"] == repeated["Order - Tax lines properties ###"]


def test_the_noted_faults_are_still_there(documentation):
    assert documented(documentation, "order", "tax_lines[].rate_id") == ("string", True)
    assert documented(documentation, "variation", "manage_stock") == ("boolean", False)
    assert documented(documentation, "order", "line_items[].price") == ("string", True)
    for full in SHAPE["beyond"]:
        assert documented(documentation, *full.split(".", 1)) is None
    parameters = [one.get("parameters", {}) for one in documentation.values()]
    listed = {row["name"] for told in parameters for rows in told.values() for row in rows}
    assert listed & {parameter for one in OPERATIONS.values() for parameter in one.get("asked", ())} == set()
    assert [header in json.dumps(documentation) for header in ("X-WC-", "X-WP-")] == [False, False]
    refunds = [refund for order in examples(documentation, "order") for refund in order["refunds"]]
    assert {tuple(sorted(refund)) for refund in refunds} == {("id", "refund", "total")}


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_vendor_documents_every_operation(documentation, name):
    method, path = name.split(" ")
    theirs = path.replace("{", "<").replace("}", ">")
    known = {(one["method"], one["path"]) for resource in documentation.values() for one in resource["endpoints"]}
    assert (method, theirs) in known


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "sent" in OPERATIONS[name]])
def test_what_we_send_may_be_written(documentation, name):
    answered = OPERATIONS[name]["answered"]
    thing = answered["update"][0] if isinstance(answered, dict) else answered
    for path in OPERATIONS[name]["sent"]:
        own = path.removeprefix("update[].")
        if own in ("update", "update[]", "id"):
            continue
        said = documented(documentation, thing, own)
        assert said is not None
        assert said[1] is False


def examples(documentation: dict[str, Any], thing: str) -> list[dict[str, Any]]:
    """Every example of a thing in the vendor's answers, out of lists and batches, too."""
    found: list[dict[str, Any]] = []
    for endpoint in documentation[TABLES[thing]["resource"]]["endpoints"]:
        if thing == "currency" and not endpoint["path"].endswith("/current"):
            continue
        told = endpoint.get("response_example")
        rows = told if isinstance(told, list) else [told]
        for row in rows:
            parts = [row] if "id" in row or "code" in row else [one for listed in row.values() for one in listed]
            found += [one for one in parts if "error" not in one]
    return found


@pytest.mark.parametrize("thing", THINGS)
def test_the_vendor_s_examples_keep_to_the_shape(documentation, thing):
    told = examples(documentation, thing)
    assert told != []
    assert [problem for one in told for problem in shape.problems(one, THINGS[thing], closed=False)] == []


def test_every_order_of_the_vendor_s_is_read(documentation):
    connector = WooCommerceConnector(WooCommerceSettings(), UUID(int=1))
    told = examples(documentation, "order")
    for order in told:
        words = connector.read("order.updated", orjson.dumps(order))
        wanted = [] if order["status"] == "pending" else [c.Hint] if order["refunds"] else [c.OrderDraft]
        assert [type(word) for word in words] == wanted
        connector.read("order.updated", orjson.dumps(order | {"refunds": []}))
    assert {order["status"] for order in told} >= {"pending", "processing", "completed"}


def test_the_vendor_s_refunds_are_read_with_their_order(documentation):
    (order, *_) = [one for one in examples(documentation, "order") if one["id"] == 723]
    refunds = {refund["id"]: refund for refund in examples(documentation, "refund")}
    connector = WooCommerceConnector(WooCommerceSettings(), UUID(int=1))
    body = orjson.dumps(order | {"refunds": [refunds[726], refunds[724]]})
    draft, back = connector.read(codes.POLLED_ORDER, body)
    assert (draft.total_minor, draft.payment_method, draft.raw_status) == (3900, "bank", "completed")
    assert (back.external_id, [(one.title, one.quantity, one.amount_minor) for one in back.lines]) == (
        "724", [("Woo Album #2", 1, 900)],
    )  # fmt: skip


def test_every_product_of_the_vendor_s_is_read(documentation):
    connector = WooCommerceConnector(WooCommerceSettings(), UUID(int=1))
    for product in examples(documentation, "product"):
        cards = connector.read("product.updated", orjson.dumps(product))
        assert len(cards) == (0 if product["type"] in codes.NO_ARTICLES else 1)
    shirt = {"id": 22, "name": "Ship Your Idea", "type": "variable"}
    cards = mapping_stock.cards(shirt, examples(documentation, "variation"), mapping_stock.Shop(currency="USD"))
    assert {card.product_external_id for card in cards} == {"22"}
    assert {card.title for card in cards} >= {"Black", "Green"}
