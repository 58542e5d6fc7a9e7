"""Amazon: connector and stand-in keep to our shape file, and the shape file says what the vendor's own models say."""

import json
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import jsonschema
import orjson
import pytest

from apps.connectors.amazon import client, codes, mapping, mapping_goods, webhook
from apps.connectors.amazon.connector import PARCELS, SALE, AmazonConnector
from apps.connectors.amazon.settings import AmazonSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.sandbox.words import Article, plain
from tests.connectors.amazon.conftest import line, sale_of
from tests.connectors.stand import Stand
from tests.contracts import shape
from tests.contracts.openapi import Merged, contract, said_of

SHAPE = shape.load("amazon")
OPERATIONS = SHAPE["operations"]
FOLDER = "amazon-sp-api"
BY_NAME = {one["operation"]: name for name, one in OPERATIONS.items()}
_QUERY = re.compile(r"array!? of \w+(?: <=(?P<most>\d+))?(?: (?P<words>[^<]+?))?(?: <=(?P<late>\d+))?")


def answer_shape(operation: dict[str, Any]) -> dict[str, str]:
    """The fields of an answer, with those of the things that it holds in their places."""
    fields = dict(operation.get("answered", {}))
    for place, thing in operation.get("holds", {}).items():
        prefix = f"{place}." if place else ""
        fields |= {prefix + path: word for path, word in SHAPE["things"][thing]["fields"].items()}
    return fields


def sent_shape(operation: dict[str, Any]) -> dict[str, str]:
    """The fields of a body, with those that no model of the vendor's names."""
    return {**operation.get("sent", {}), **operation.get("sent_free", {})}


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> dict[str, Any]:
    """What the real connector asked and the real stand-in answered, by operation, and the notices that it queued."""
    with pytest.MonkeyPatch.context() as patch, Stand(tmp_path_factory.mktemp("world")) as stand:
        patch.setattr("django.conf.settings.PRIVATE_PEERS", stand.peers())
        client.forget()
        url = stand.url("amazon")
        settings = AmazonSettings(
            api_url=url, token_url=f"{url}/auth/o2/token", seller_id="A3SELLER", client_id="i", client_secret="s",
            refresh_token="r", pace=0,
        )  # fmt: skip
        connector = AmazonConnector(settings, UUID(int=1))
        articles = [Article(sku=f"S{n}", title=f"品 {n}", price=1200, currency="JPY", shown=9) for n in range(45)]
        stand.told("amazon/setup", seller_id="A3SELLER")
        stand.told(
            "amazon/list_variants",
            variants=plain([*articles, articles[0].__class__(sku="x,y", title="x", price=1, currency="JPY")]),
        )
        for number in range(60):
            stand.told("amazon/store_at_amazon", sku=f"S{40 + number}", units=number)
        stand.forget()
        _speak(stand, connector)
        found: dict[str, Any] = {name: [] for name in OPERATIONS}
        for ask, answer in zip(stand.heard, stand.answered, strict=True):
            if ask.path == "/auth/o2/token":
                continue
            name, parts = shape.operation(OPERATIONS, ask.method, ask.path)
            body = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
            found[name].append(
                (parts, ask.query, json.loads(ask.body) if ask.body else None, json.loads(body) if body else None)
            )
        found["folder"] = stand.folder
        return found


def _speak(stand: Stand, connector: AmazonConnector) -> None:
    full = sale_of(
        line("S1", 3), line("S2", 1), line("", 1, "600", kind="shipping"), line("", 1, "300", kind="fee"),
        line("", 1, "-500", kind="discount"), payment="cod",
    )  # fmt: skip
    foreign = sale_of(line("S3", 2, "10.25"), currency="USD", total=2205, includes_tax=False, payment="card")
    stand.told("amazon/place_orders", sales=plain([full, foreign, *(sale_of() for _ in range(100))]))
    stand.told("amazon/place_orders", sales=plain([waiting := sale_of()]), pending=True)
    stand.told("amazon/place_at_amazon", sales=plain([far := sale_of()]))
    stand.told("amazon/send_from_amazon", number=far.number)
    stand.told("amazon/cancel", number=waiting.number)
    now = clock.now()
    list(connector.changed_orders(now - timedelta(hours=1), now))
    list(connector.changed_orders(now - timedelta(hours=2), now - timedelta(hours=1)))
    event = connector.fetch_order(full.number)
    (draft,) = connector.read(event.topic, event.raw)
    items = [one for one in draft.lines if one.kind == "item"]
    for reference, carrier, lines in (("S-1", "ヤマト運輸", items[:1]), ("S-2", "Somebody", items[1:])):
        connector.create_fulfilment(
            c.Fulfilment(
                reference=reference, order_external_id=full.number, order_number=full.number, tracking_number="",
                carrier=carrier, shipped_at=now,
                lines=tuple(
                    c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
                    for one in lines
                ),
            ),
            "key",
        )  # fmt: skip
    connector.fetch_order(full.number)
    list(connector.variants())
    list(connector._listings._window(now - timedelta(days=1), now + timedelta(days=1)))
    list(connector.amazon_stock())
    told = [c.StockQuantity(external_id=sku, quantity=4) for sku in ("S1", "S41", "x,y", "nothing")]
    connector.set_stock(told, "key")
    connector.check()


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_we_send_and_hear_keeps_to_the_shape(spoken, name):
    assert spoken[name]
    operation = OPERATIONS[name]
    for _, query, sent, answered in spoken[name]:
        assert query_faults(query, operation.get("query", {})) == []
        assert shape.problems(sent or {}, sent_shape(operation), closed=True) == []
        assert shape.problems(answered or {}, answer_shape(operation), closed=False) == []


def query_faults(query: dict[str, str], known: dict[str, str]) -> list[str]:
    """What is wrong with the parameters of a request."""
    found = [f"{name} is not in the shape" for name in query if name not in known]
    found += [f"{name} is missing" for name, word in known.items() if "!" in word.split(" ")[0] and name not in query]
    for name, value in query.items():
        word = known.get(name, "string")
        rows = value.split(",") if word.startswith("array") else [value]
        said = _QUERY.fullmatch(word)
        most, words = (said["most"] or said["late"], said["words"]) if said else (None, None)
        words = words if said else (word.split(" ")[1] if " " in word else None)
        if most and len(rows) > int(most):
            found.append(f"{name} has {len(rows)} rows")
        found += [f"{name} is {row}" for row in rows if words and row not in words.split("|")]
        if word.startswith(("integer", "boolean")) and not re.fullmatch(r"\d+|true|false", value):
            found.append(f"{name} is {value}")
    return found


def test_the_shape_notices_what_leaves_it():
    known = OPERATIONS[BY_NAME["searchListingsItems"]]["query"]
    good = {"marketplaceIds": "A1", "includedData": "offers", "sortBy": "sku", "pageSize": "20"}
    assert query_faults(good, known) == []
    bad = {
        "includedData": "offers,moons",
        "sortBy": "colour",
        "pageSize": "many",
        "identifiers": ",".join("x" * 21),
        "a": "1",
    }
    assert query_faults(bad, known) == [
        "a is not in the shape",
        "marketplaceIds is missing",
        "includedData is moons",
        "sortBy is colour",
        "pageSize is many",
        "identifiers has 21 rows",
    ]
    patch = mapping_goods.quantity_patch({"sku": "X"}, 3, marketplace="M")
    sent = sent_shape(OPERATIONS[BY_NAME["patchListingsItem"]])
    assert shape.problems(patch, sent, closed=True) == []
    patch["patches"][0] |= {"op": "move", "path": None}
    assert shape.problems(patch | {"sku": "X"}, sent, closed=True) == [
        "patches[].op is 'move', not one of add|delete|merge|replace", "patches[].path is null", "sku is not in the shape",
    ]  # fmt: skip


def test_the_tables_know_every_word_of_the_shape():
    statuses = words_of(SHAPE["things"]["order"]["fields"]["fulfillment.fulfillmentStatus"])
    assert statuses - codes.RELEASED == {"PENDING", "PENDING_AVAILABILITY", "CANCELLED", "UNFULFILLABLE"}
    assert statuses >= codes.RELEASED | {codes.SHIPPED, codes.CANCELLED}
    data = words_of(OPERATIONS[BY_NAME["getOrder"]]["query"]["includedData"])
    assert data >= {*SALE, *PARCELS}


def words_of(word: str) -> set[str]:
    return set(word.split(" ")[-1].split("|"))


# Against the vendor's own files


@lru_cache(maxsize=8)
def vendor(file: str) -> Merged:
    return Merged(json.loads(contract(f"{FOLDER}/oas3/{file}").read_text()))


def operation_of(name: str) -> dict[str, Any]:
    method, path = name.split(" ")
    found: dict[str, Any] = vendor(OPERATIONS[name]["file"]).document["paths"][path][method.lower()]
    return found


def answer_schema(name: str) -> dict[str, Any]:
    answer = operation_of(name)["responses"]["200"]["content"]["application/json"]["schema"]
    return vendor(OPERATIONS[name]["file"]).schema(answer)


def body_schema(name: str) -> dict[str, Any]:
    body = operation_of(name)["requestBody"]["content"]["application/json"]["schema"]
    return vendor(OPERATIONS[name]["file"]).schema(body)


def query_word(merged: Merged, parameter: dict[str, Any]) -> str:
    schema = merged.schema(parameter["schema"])
    holder = {"type": "object", "properties": {"x": schema}, "required": ["x"] if parameter.get("required") else []}
    said = said_of(holder, "x")
    if schema.get("type") == "array":
        said += " of " + said_of({"type": "object", "properties": {"x": schema}}, "x[]").replace("!", "")
        said += f" <={schema['maxItems']}" if "maxItems" in schema else ""
    return said


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_shape_file_says_what_the_vendor_says(name):
    ours, theirs = OPERATIONS[name], operation_of(name)
    merged = vendor(ours["file"])
    assert theirs["operationId"] == ours["operation"]
    parameters = {one["name"]: one for one in theirs.get("parameters", []) if one["in"] == "query"}
    assert {n: query_word(merged, parameters[n]) for n in ours.get("query", {})} == ours.get("query", {})
    if "sent" in ours:
        assert {path: said_of(body_schema(name), path) for path in ours["sent"]} == ours["sent"]
    if "answered" in ours:
        assert {path: said_of(answer_schema(name), path) for path in ours["answered"]} == ours["answered"]


@pytest.mark.parametrize("thing", SHAPE["things"])
def test_the_things_of_the_shape_file_are_as_the_vendor_says(thing):
    ours = SHAPE["things"][thing]
    schema = vendor(ours["file"]).schema({"$ref": f"#/components/schemas/{ours['schema']}"})
    assert {path: said_of(schema, path) for path in ours["fields"]} == ours["fields"]


def test_the_shape_of_errors_says_what_the_vendor_says():
    for file in ("orders_2026-01-01.json", "listingsItems_2021-08-01.json"):
        schema = vendor(file).schema({"$ref": "#/components/schemas/ErrorList"})
        assert {path: said_of(schema, path) for path in SHAPE["error"]} == SHAPE["error"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_we_send_and_the_stand_in_answers_is_valid_at_the_vendor(spoken, name):
    for _, _, sent, answered in spoken[name]:
        if sent is not None:
            jsonschema.validate(sent, body_schema(name))
        if answered is not None:
            jsonschema.validate(answered, answer_schema(name))
        else:
            assert next(iter(operation_of(name)["responses"])) == "204"


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_call_keeps_to_the_vendor_s_usage_plan(name):
    rate, burst = re.findall(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", operation_of(name)["description"])[0]
    assert client.RATES[OPERATIONS[name]["operation"]] == (float(rate), int(burst))


def test_the_reads_of_orders_v0_are_deprecated_and_its_confirmation_is_not():
    paths = json.loads(contract(f"{FOLDER}/oas3/ordersV0.json").read_text())["paths"]
    reads = {path["get"]["operationId"] for path in paths.values() if path.get("get", {}).get("deprecated")}
    assert reads == {
        "getOrders", "getOrder", "getOrderBuyerInfo", "getOrderAddress", "getOrderItems", "getOrderItemsBuyerInfo",
    }  # fmt: skip
    assert "deprecated" not in operation_of(BY_NAME["confirmShipment"])


# The vendor's own examples


def examples(name: str) -> list[Any]:
    """Every answer of success that the vendor gives as an example or as its sandbox's."""
    answer = operation_of(name)["responses"]["200"]
    kinds = answer["content"].values()  # participations-example-apart
    found = [one["value"] for kind in kinds for one in kind.get("examples", {}).values()]
    return found + [one["response"] for one in answer.get("x-amzn-api-sandbox", {}).get("static", [])]


ORDER_EXAMPLES = {"searchOrders": 4, "getOrder": 4}


@pytest.mark.parametrize("operation", ["searchOrders", "getOrder"])
def test_every_order_among_the_vendor_s_examples_is_read(operation):
    connector = AmazonConnector(AmazonSettings(), UUID(int=1))
    read = []
    for answer in examples(BY_NAME[operation]):
        for order in answer.get("orders", [answer.get("order")]):
            (draft,) = connector.read(codes.POLLED_ORDER, orjson.dumps(order))
            added = 0 if draft.prices_include_tax else sum(one.tax_minor or 0 for one in draft.lines)
            assert sum(one.total_minor for one in draft.lines) + added == draft.total_minor
            assert [one.title for one in draft.lines if one.external_id == "rest"] == []
            read.append(draft)
    assert len(read) == ORDER_EXAMPLES[operation]
    assert {draft.payment_method for draft in read} == {"prepaid"}
    assert {draft.awaits for draft in read} == {""}


def test_the_vendor_s_japanese_order_is_read_to_the_yen():
    orders = [order for answer in examples(BY_NAME["searchOrders"]) for order in answer["orders"]]
    (order,) = [one for one in orders if one["salesChannel"]["marketplaceId"] == "A1VC38T7YXB528"]
    draft = mapping.order_draft(order, currency="JPY")
    assert (draft.number, draft.total_minor, draft.currency, draft.prices_include_tax) == (
        "250-1234567-8901234", 19940, "JPY", True,
    )  # fmt: skip
    assert [(one.kind, one.sku, one.quantity, one.total_minor) for one in draft.lines] == [
        ("fee", "ECHO-DOT-4-JP-CHARCOAL", 1, 5980),
        ("fee", "FIRE-TV-4K-MAX-JP", 2, 13960),
    ]  # fulfilled by Amazon
    assert draft.placed_at == datetime(2024, 12, 25, 2, 30, tzinfo=UTC)


def test_the_vendor_s_british_order_has_its_tax_on_top():
    (order, *_) = [answer["order"] for answer in examples(BY_NAME["getOrder"])]
    draft = mapping.order_draft(order, currency="GBP")
    assert [(one.kind, one.quantity, one.total_minor, one.tax_minor) for one in draft.lines] == [
        ("item", 3, 8997, 300), ("shipping", 1, 1000, 100),
    ]  # fmt: skip
    assert (draft.prices_include_tax, draft.total_minor) == (False, 10397)


@pytest.mark.parametrize("operation", ["searchListingsItems", "getListingsItem"])
def test_every_listing_among_the_vendor_s_examples_is_read(operation):
    found = [one for answer in examples(BY_NAME[operation]) for one in answer.get("items", [answer])]
    cards = [mapping_goods.variant_card(one, marketplace="ATVPDKIKX0DER") for one in found]
    assert cards
    assert {(card.sku, str(card.price), card.currency, card.shown) for card in cards} == {
        ("GM-ZDPI-9B4E", "100.00", "USD", 100)
    }
    assert {mapping_goods.quantity_patch(one, 1, marketplace="A2EUQ1WTGCTBG2")["productType"] for one in found} == {
        "LUGGAGE"
    }


def test_the_vendor_s_answers_to_patches_and_participations_are_read():
    statuses = [answer["status"] for answer in examples(BY_NAME["patchListingsItem"])]
    assert (sorted(set(statuses)), codes.ACCEPTED in statuses) == (["ACCEPTED", "INVALID", "VALID"], True)
    example, sandbox = examples(BY_NAME["getMarketplaceParticipations"])
    assert (isinstance(example, list), list(sandbox)) == (True, ["payload"])
    assert examples(BY_NAME["getInventorySummaries"]) == []  # fba-without-example


def test_the_vendor_s_confirmation_has_the_form_of_ours():
    answers = operation_of(BY_NAME["confirmShipment"])["responses"]["204"]["x-amzn-api-sandbox"]["static"]
    theirs = answers[0]["request"]["parameters"]["body"]["value"]
    sent = OPERATIONS[BY_NAME["confirmShipment"]]["sent"]
    unknown = {
        "packageDetail.shippingMethod",
        "packageDetail.shipFromSupplySourceId",
        "packageDetail.orderItems[].transparencyCodes",
    }
    assert set(shape.problems(theirs, sent, closed=True)) == {f"{path} is not in the shape" for path in unknown}


# Notices


@pytest.mark.parametrize("topic", SHAPE["notices"])
def test_the_vendor_s_notices_are_read(topic):
    said = json.loads(contract(f"{FOLDER}/schemas/notifications/{SHAPE['notices'][topic]['file']}").read_text())
    for example in said["examples"]:
        (event,) = webhook.events({}, orjson.dumps(example), received_at=clock.now())
        assert event.topic == topic
        (word,) = AmazonConnector(AmazonSettings(), UUID(int=1)).read(topic, event.raw)
        assert (
            word
            == {
                "ORDER_CHANGE": c.Hint(kind="order", external_id="903-8868176-2219830"),
                "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": c.StockQuantity(
                    external_id="NLS-SHOES-03", quantity=99, sku="NLS-SHOES-03", location_external_id="DEFAULT"
                ),
            }[topic]
        )
    for path in SHAPE["notices"][topic]["fields"]:
        at = said
        for step in path.split("."):
            assert step in at["required"]
            at = at["properties"][step]


def test_the_stand_in_s_notices_are_as_the_vendor_draws_them(spoken, tmp_path):
    said = json.loads(contract(f"{FOLDER}/schemas/notifications/OrderChangeNotification.json").read_text())
    with sqlite3.connect(f"file:{spoken['folder']}/world.sqlite?mode=ro", uri=True) as db:
        bodies = [json.loads(row[0]) for row in db.execute("SELECT body FROM notice WHERE hook = 'amazon'")]
    assert len(bodies) >= 107
    for body in bodies:
        jsonschema.Draft7Validator(said).validate(body)
    statuses = {body["Payload"]["OrderChangeNotification"]["Summary"]["OrderStatus"] for body in bodies}
    assert statuses == {"Pending", "Unshipped", "PartiallyShipped", "Shipped", "Canceled"}
