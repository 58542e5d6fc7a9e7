"""Vendure: documents and answers keep to our shape file; that it says what the server says is proved in tests/real."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from apps.connectors.vendure.connector import VendureConnector
from apps.connectors.vendure.documents import DOCUMENTS
from apps.connectors.vendure.settings import VendureSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.sandbox.words import Article, plain
from tests.connectors.stand import Stand, line
from tests.connectors.vendure.conftest import sale_of
from tests.contracts import shape
from tests.contracts.graphql_contract import answer_faults, drawn, faults_of, schema_of

SHAPE = shape.load("vendure")
SCALARS = {"Money": int, "JSON": dict}


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What the real connector asked and the real stand-in answered."""
    with pytest.MonkeyPatch.context() as patch, Stand(tmp_path_factory.mktemp("world")) as stand:
        patch.setattr("django.conf.settings.PRIVATE_PEERS", stand.peers())
        address = f"{stand.url('vendure')}/admin-api"
        connector = VendureConnector(VendureSettings(api_url=address, api_key="k", rows_a_page=5), UUID(int=1))
        articles = [Article(sku=f"S{n}", title=f"品 {n}", price=1200, currency="JPY", shown=9) for n in range(3)]
        stand.told("vendure/list_variants", variants=plain(articles))
        full = sale_of(
            *[line(f"S{number}", 1 + number % 3) for number in range(3)], line("", 1, "600", kind="shipping"),
            line("", 1, "300", kind="fee"), line("", 1, "-500", kind="discount"), payment="prepaid",
        )  # fmt: skip
        guest = sale_of(person=replace_person())
        stand.told("vendure/place_orders", sales=plain([full, guest]))
        stand.told("vendure/refund", number=full.number, units={"S1": 1}, note="broken")
        _speak(connector, full.number)
        asked = [json.loads(ask.body) for ask in stand.heard]
        return list(zip(asked, [answer.body for answer in stand.answered], strict=True))


def replace_person():
    """A guest without an account."""
    person = sale_of().person
    return type(person)(**{name: getattr(person, name) for name in person.__struct_fields__} | {"id": "", "email": ""})


def _speak(connector: VendureConnector, number: str) -> None:
    connector.check()
    list(connector.variants())
    levels = [one for page in connector.shown_stock() for one in page]
    connector.set_stock([replace(one, quantity=4) for one in levels], "set")
    window = (clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1))
    events = [event for page in connector.changed_orders(*window) for event in page]
    words = [connector.read(event.topic, event.raw) for event in events]
    ((draft, _back),) = [one for one in words if one[0].number == number]
    connector.fetch_order("1")
    parcel = c.Fulfilment(
        reference="S", order_external_id=draft.external_id, order_number=number, tracking_number="1", carrier="C",
        lines=(c.FulfilmentLine(line_external_id=draft.lines[0].external_id, sku="S0", quantity=1),),
        shipped_at=clock.now(),
    )  # fmt: skip
    connector.create_fulfilment(parcel, "key")
    assert connector.find_fulfilment(parcel) is not None


def test_our_documents_use_what_the_shape_has_and_nothing_else():
    ours = schema_of(SHAPE)
    assert faults_of(ours, DOCUMENTS) == []
    names = ("types", "interfaces", "implements", "inputs", "directives", "unions")
    found = drawn(ours, DOCUMENTS.values())
    assert {name: found[name] for name in names} == {name: SHAPE[name] for name in names}


def test_a_document_that_asks_for_more_is_found():
    wrong = {
        "More": "query More { activeChannel { code secrets } }",
        "Less": "query Less { order { id } }",
        "Other": "mutation Other($i: FulfillOrderInput!) { addFulfillmentToOrder(input: $i) { ... on Order { id } } }",
    }
    assert [fault.partition(":")[0] for fault in faults_of(schema_of(SHAPE), wrong)] == ["More", "Less", "Other"]


def test_every_operation_was_spoken_and_every_answer_keeps_to_the_shape(spoken):
    assert {asked["operationName"] for asked, _ in spoken} == set(DOCUMENTS)
    ours = schema_of(SHAPE)
    faults = [
        f"{asked['operationName']}{fault}"
        for asked, answered in spoken
        for fault in answer_faults(ours, asked["query"], answered["data"], scalars=SCALARS)
    ]
    assert faults == []


def test_a_wrong_answer_is_found(spoken):
    ours = schema_of(SHAPE)
    wrong = {"order": {"id": "1", "code": None, "state": 5, "active": False, "orderPlacedAt": None, "more": 1}}
    assert answer_faults(ours, DOCUMENTS["Fulfilments"], wrong) == [
        ".order.code is null and must not be",
        ".order.state: 5 is no state of kind String",
        ".order.fulfillments is missing",
        ".order.more was not asked for",
    ]
