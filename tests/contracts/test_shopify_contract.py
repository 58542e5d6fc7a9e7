"""Shopify: documents, answers and notices keep to our shape file, and the shape file says what the vendor's files say."""

import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import jsonschema
import msgspec
import orjson
import pytest

from apps.connectors.shopify import client, codes
from apps.connectors.shopify.connector import ShopifyConnector
from apps.connectors.shopify.documents import DOCUMENTS, STEPS, bulk_stock, bulk_variants
from apps.connectors.shopify.settings import ShopifySettings
from apps.core import clock
from apps.hub import contracts as c
from apps.hub.errors import Transient
from apps.sandbox.shopify_stock import LOCATION
from apps.sandbox.words import Article, plain
from tests.connectors.shopify.conftest import sale_of
from tests.connectors.stand import Stand, line
from tests.contracts import shape
from tests.contracts.graphql_contract import answer_faults, drawn, faults_of, schema_of, vendor_schema
from tests.contracts.openapi import contract, said_of

SHAPE = shape.load("shopify")
HERE = f"gid://shopify/Location/{LOCATION}"
SENT = DOCUMENTS | {"bulk stock": bulk_stock(HERE), "bulk variants": bulk_variants(HERE)}
DRAWN = ("types", "interfaces", "implements", "inputs", "directives")
READ_TOPICS = sorted(
    codes.ORDER_TOPICS | codes.PRODUCT_TOPICS | codes.ECHO_TOPICS | {codes.REFUND_TOPIC, codes.STOCK_TOPIC}
)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> dict[str, Any]:
    """What the real connector asked and the real stand-in answered, and the notices that it queued."""
    with pytest.MonkeyPatch.context() as patch, Stand(tmp_path_factory.mktemp("world")) as stand:
        patch.setattr("django.conf.settings.PRIVATE_PEERS", stand.peers())
        client.forget()
        settings = ShopifySettings(shop_url=stand.url("shopify"), access_token="t", location_id=str(LOCATION))
        connector = ShopifyConnector(settings, UUID(int=1))
        articles = [Article(sku=f"S{n}", title=f"品 {n}", price=1200, currency="JPY", shown=9) for n in range(251)]
        stand.told("shopify/list_variants", variants=plain(articles))
        full = sale_of(
            *[line(f"S{number}", 1 + number % 3) for number in range(300)], line("", 1, "600", kind="shipping"),
            line("", 1, "300", kind="fee"), line("", 1, "-500", kind="discount"), payment="card",
        )  # fmt: skip
        guest = sale_of(person=replace_person())
        stand.told("shopify/place_orders", sales=plain([full, guest]))
        stand.told("shopify/refund", number=full.number, units={"S1": 1}, note="broken")
        stand.told("shopify/fulfilment_order", number=full.number, location=70002, units={"S1": 1})
        _speak(connector, full.number)
        stand.told("shopify/cancel", number=guest.number)
        list(connector.changed_orders(clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1)))
        _speak_in_bulk(stand, settings)
        both = [both for both in zip(stand.heard, stand.answered, strict=True) if both[0].method == "POST"]
        asked = [json.loads(ask.body) for ask, _ in both]
        answered = [json.loads(said.body) if isinstance(said.body, bytes) else said.body for _, said in both]
        return {"asked": asked, "answered": answered, "folder": stand.folder, "full": full.number}


def replace_person():
    """A guest without an account."""
    person = sale_of().person
    return type(person)(**{name: getattr(person, name) for name in person.__struct_fields__} | {"id": "", "email": ""})


def _speak(connector: ShopifyConnector, number: str) -> None:
    connector.choices()
    connector.check()
    list(connector.variants())
    levels = [one for page in connector.shown_stock() for one in page][:3]
    connector.set_stock([replace(one, quantity=4, expected=3) for one in levels], "stale")
    connector.set_stock([replace(one, quantity=4, expected=None) for one in levels], "set")
    cards = [card for page in connector.variants() for card in page]
    tags = [
        c.PriceTag(external_id=one.external_id, product_external_id=one.product_external_id, amount=one.price, currency="JPY")
        for one in cards
    ]  # fmt: skip
    connector.set_prices([*tags[:2], replace(tags[2], product_external_id="1")], "prices")
    window = (clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1))
    events = [event for page in connector.changed_orders(*window) for event in page]
    drafts = [connector.read(event.topic, event.raw)[0] for event in events]
    (draft,) = [one for one in drafts if one.number == number]
    event = connector.fetch_order(draft.external_id)
    connector.fetch_order("1")
    (draft, *_) = connector.read(event.topic, event.raw)
    parcel = c.Fulfilment(
        reference="S", order_external_id=draft.external_id, order_number=number, tracking_number="1", carrier="C",
        lines=tuple(
            c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
            for one in draft.lines if one.kind == "item"
        ), shipped_at=clock.now(),
    )  # fmt: skip
    connector.create_fulfilment(parcel, "key")
    assert connector.find_fulfilment(parcel) is not None


def _speak_in_bulk(stand: Stand, settings: ShopifySettings) -> None:
    in_bulk = msgspec.structs.replace(settings, bulk_from=1, bulk_looks_a_second=0)
    list(ShopifyConnector(in_bulk, UUID(int=1)).variants())
    stand.told("shopify/bulk_operations", fates=["failed", "endless"])
    for one in (in_bulk, msgspec.structs.replace(in_bulk, bulk_minutes=0)):
        with pytest.raises(Transient):
            list(ShopifyConnector(one, UUID(int=1)).shown_stock())


def notices(folder: Any, topic: str) -> list[Any]:
    with sqlite3.connect(f"file:{folder}/world.sqlite?mode=ro", uri=True) as db:
        rows = db.execute("SELECT body FROM notice WHERE topic = ? ORDER BY seq", (topic,)).fetchall()
    return [json.loads(body) for (body,) in rows]


# Ours


def test_our_documents_use_what_the_shape_has_and_nothing_else():
    ours = schema_of(SHAPE)
    assert faults_of(ours, SENT) == []
    assert {name: drawn(ours, SENT.values())[name] for name in ("types", "inputs", "directives")} == {
        name: SHAPE[name] for name in ("types", "inputs", "directives")
    }


def test_a_document_that_asks_for_more_is_found():
    wrong = {"More": "query More { shop { name secrets } }", "Less": "query Less { order { id } }"}
    assert [fault.partition(":")[0] for fault in faults_of(schema_of(SHAPE), wrong)] == ["More", "Less"]


def test_our_words_are_those_of_the_shape():
    words = {name: set(listed) for name, listed in SHAPE["words"].items()}
    told_apart = {"ON_HOLD", "SCHEDULED"} | set(codes.ENDED_FULFILMENT_ORDERS)
    assert words["FulfillmentOrderStatus"] == codes.OPEN_FULFILMENT_ORDERS | told_apart
    assert words["FulfillmentOrderAction"] == {codes.MOVE}
    assert words["FulfillmentStatus"] == codes.DEAD_FULFILMENTS
    assert words["BulkOperationStatus"] == codes.BULK_RUNNING | {codes.BULK_COMPLETED}
    assert words["BulkOperationUserErrorCode"] == codes.BULK_BUSY
    assert words["BulkOperationErrorCode"] == {codes.BULK_DENIED}
    assert words["WeightUnit"] == set(codes.GRAMS)
    said = {codes.BUSY, codes.FAILED_BEFORE} | codes.STALE | codes.ITEM_REFUSED
    assert words["InventorySetQuantitiesUserErrorCode"] == said


def test_every_operation_was_spoken_and_every_answer_keeps_to_the_shape(spoken):
    assert {body["operationName"] for body in spoken["asked"]} == set(DOCUMENTS)
    ours = schema_of(SHAPE)
    faults = [
        f"{asked['operationName']}{fault}"
        for asked, answered in zip(spoken["asked"], spoken["answered"], strict=True)
        for fault in answer_faults(ours, asked["query"], answered["data"])
    ]
    assert faults == []


def test_a_wrong_answer_is_found():
    ours = schema_of(SHAPE)
    wrong = {"shop": {"name": None, "currencyCode": "JPY", "more": 1}, "currentAppInstallation": [], "location": None}
    assert answer_faults(ours, DOCUMENTS["Health"], wrong) == [
        ".shop.name is null and must not be",
        ".shop.more was not asked for",
        ".currentAppInstallation: [] is no object",
    ]


@pytest.mark.parametrize("topic", ["orders/create", "refunds/create"])
def test_the_stand_in_s_notices_keep_to_the_shape(spoken, topic):
    bodies = [body for body in notices(spoken["folder"], topic) if body.get("customer", True)]
    assert bodies != []
    assert [problem for body in bodies for problem in shape.problems(body, SHAPE["notices"][topic], closed=False)] == []


# The vendor's


def test_our_documents_keep_to_the_vendor_s_schema():
    assert faults_of(vendor_schema(contract("shopify/admin_2026-10.graphql")), SENT) == []


def test_the_shape_says_what_the_vendor_s_schema_says():
    vendor = vendor_schema(contract("shopify/admin_2026-10.graphql"))
    assert drawn(vendor, SENT.values()) == {name: SHAPE[name] for name in DRAWN}


def test_our_words_are_the_vendor_s():
    vendor = vendor_schema(contract("shopify/admin_2026-10.graphql"))
    unknown = {name: sorted(set(words) - set(vendor.type_map[name].values)) for name, words in SHAPE["words"].items()}
    assert [name for name, words in unknown.items() if words] == []


def test_the_vendor_says_which_mutations_take_a_key():
    mutations = vendor_schema(contract("shopify/admin_2026-10.graphql")).mutation_type.fields
    takes = {name: "@idempotent" in (mutations[name].description or "") for name in SHAPE["types"]["Mutation"]}
    assert [name for name, has_key in takes.items() if has_key] == ["inventorySetQuantities"]
    compared = "compareQuantity" in (mutations["inventorySetQuantities"].description or "")
    assert (compared, "compareQuantity" in SHAPE["inputs"]["InventoryQuantityInput"]) == (True, False)


@pytest.mark.parametrize("topic", sorted(SHAPE["notices"]))
def test_the_shape_of_a_notice_says_what_the_vendor_s_schema_says(topic):
    schema = _one_kind(_schemas()[topic])
    assert {path: said_of(schema, path) for path in SHAPE["notices"][topic]} == SHAPE["notices"][topic]


def test_all_orders_notices_have_one_form():
    schemas = _schemas()
    told = sorted(codes.ORDER_TOPICS & set(schemas))
    assert told == sorted(codes.ORDER_TOPICS)
    assert [topic for topic in told if schemas[topic]["required"] != schemas["orders/create"]["required"]] == []


@pytest.mark.parametrize("topic", READ_TOPICS)
def test_every_vendor_example_is_read(topic):
    examples = json.loads(contract("shopify/webhook_examples_2026-07.json").read_text())
    connector = ShopifyConnector(ShopifySettings(), UUID(int=1))
    words = connector.read(topic, orjson.dumps(examples[topic]["example"]))
    assert {type(word) for word in words} == _expected(topic)


@pytest.mark.parametrize("topic", ["orders/create", "orders/cancelled", "refunds/create"])
def test_the_stand_in_s_notices_keep_to_the_vendor_s_schema(spoken, topic):
    checked = jsonschema.Draft202012Validator(_open(_schemas()[topic]))
    bodies = notices(spoken["folder"], topic)
    faults = sorted(
        {f"{error.json_path}: {error.message[:80]}" for body in bodies for error in checked.iter_errors(body)}
    )
    assert [fault for fault in faults if not fault.startswith("$.customer: None")] == []
    assert bodies != []


def test_steps_belong_to_documents():
    assert [
        name for name, steps in STEPS.items() for step in steps for key in step if f"${key}:" not in DOCUMENTS[name]
    ] == []


def _expected(topic: str) -> set[type]:
    if topic in codes.ECHO_TOPICS:
        return set()
    if topic in codes.ORDER_TOPICS:
        return {c.OrderDraft}
    if topic in codes.PRODUCT_TOPICS:
        return {c.VariantCard}
    return {c.ReturnDraft} if topic == codes.REFUND_TOPIC else {c.StockQuantity}


@lru_cache(maxsize=1)
def _schemas() -> dict[str, Any]:
    return json.loads(contract("shopify/webhook_schemas_2026-07.json").read_text())


def _one_kind(schema: Any) -> Any:
    """`type: [string, null]` as the notation of our shape files knows it."""
    if isinstance(schema, list):
        return [_one_kind(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _one_kind(one) for name, one in schema.items()}
    kinds = found.get("type")
    if isinstance(kinds, list):
        (found["type"],) = [kind for kind in kinds if kind != "null"]
        found["nullable"] = "null" in kinds
    return found


def _open(schema: Any) -> Any:
    """The vendor's schema without the faults that are noted in the shape file."""
    if isinstance(schema, list):
        return [_open(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _open(one) for name, one in schema.items()}
    if found.get("items") is False:
        del found["items"]
    return found
