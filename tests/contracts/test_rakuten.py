"""Rakuten: connector and stand-in keep to our shape file, and the shape file says what the UNOFFICIAL file says.

There is no contract of the vendor's: the file was made from a public client, its faults are noted in the shape file and seen
here to be there, and what it lacks is listed as such.
"""

import copy
import json
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from apps.connectors.rakuten import codes
from apps.connectors.rakuten.connector import RakutenConnector
from apps.connectors.rakuten.settings import RakutenSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.sandbox.words import Article, plain
from tests.connectors.rakuten.conftest import place_of, sale_of
from tests.connectors.stand import Stand, line
from tests.contracts import shape
from tests.contracts.openapi import contract

SHAPE = shape.load("rakuten")
OPERATIONS = SHAPE["operations"]
_CODE = re.compile(r"(?:^|/)\s*(\d+): ")


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> dict[str, list[tuple[Any, Any]]]:
    """What the real connector asked and the real stand-in answered, by operation: (sent, answered)."""
    with pytest.MonkeyPatch.context() as patch, Stand(tmp_path_factory.mktemp("world")) as stand:
        patch.setattr("django.conf.settings.PRIVATE_PEERS", stand.peers())
        settings = RakutenSettings(service_secret="s", license_key="k", base_url=stand.url("rakuten"), calls_a_second=0)
        connector = RakutenConnector(settings, UUID(int=1))
        articles = [Article(sku=f"S{n}", title=f"品 {n}", price=1200, currency="JPY", shown=9) for n in range(2)]
        stand.told("rakuten/list_variants", variants=plain(articles))
        full = sale_of(
            line("S0", 3), line("S1"), line("", 1, "600", kind="shipping"), line("", 1, "330", kind="fee"),
            line("", 1, "-200", kind="discount"), payment="cod",
        )  # fmt: skip
        others = [sale_of(payment=payment) for payment in ("card", "konbini", "prepaid")]
        stand.told("rakuten/place_orders", sales=plain([full, *others]))
        stand.told("rakuten/cancel", number=others[0].number)
        stand.told("rakuten/leave_open", number=others[1].number)
        _speak(connector, stand, [one.number for one in (full, *others)])
        found: dict[str, list[tuple[Any, Any]]] = {}
        for ask, answer in zip(stand.heard, stand.answered, strict=True):
            name, _ = shape.operation(OPERATIONS, ask.method, ask.path)
            sent = json.loads(ask.body) if ask.body else ask.query
            answered = answer.body if isinstance(answer.body, dict) else {}
            found.setdefault(name, []).append((sent, answered))
        return found


def _speak(connector: RakutenConnector, stand: Stand, numbers: list[str]) -> None:
    connector.check()
    list(connector.variants())
    list(connector.shown_stock())
    connector.set_stock([c.StockQuantity(external_id=place_of("S0"), quantity=4)], "key")
    asks = [c.Confirmation(order_external_id=number, order_number=number) for number in numbers]
    connector.confirm_orders(asks, "key")
    stand.told("rakuten/pay", number=numbers[0])
    list(connector.changed_orders(clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1)))
    list(connector.changed_orders(clock.now() - timedelta(days=9), clock.now() - timedelta(days=8)))
    event = connector.fetch_order(numbers[0])
    (draft,) = connector.read(event.topic, event.raw)
    parcel = c.Fulfilment(
        reference="S", order_external_id=draft.external_id, order_number=draft.number, tracking_number="1", carrier="C",
        lines=tuple(
            c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
            for one in draft.lines if one.kind == "item"
        ), shipped_at=clock.now(),
    )  # fmt: skip
    assert connector.create_fulfilment(parcel, "key") == connector.find_fulfilment(parcel)


# Ours


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_we_send_and_hear_keeps_to_the_shape(spoken, name):
    assert spoken[name]
    for sent, answered in spoken[name]:
        assert shape.problems(sent, OPERATIONS[name]["sent"], closed=True) == []
        assert shape.problems(answered, OPERATIONS[name]["answered"], closed=False) == []


def test_the_shape_notices_what_leaves_it():
    known = OPERATIONS["POST /es/2.1/inventories/bulk-upsert"]["sent"]
    sent = {"inventories": [{"manageNumber": "x" * 33, "variantId": 1, "mode": "SOON", "colour": "red"}]}
    assert shape.problems(sent, known, closed=True) == [
        "inventories[].manageNumber has 33 characters",
        "inventories[].variantId is 1, not a string",
        "inventories[].mode is 'SOON', not one of ABSOLUTE|RELATIVE",
        "inventories[].colour is not in the shape",
        "inventories[].quantity is missing",
    ]


def words_of(name: str, side: str, path: str) -> set[str]:
    return set(OPERATIONS[name][side][path].split(" ")[-1].split("|"))


def test_the_tables_know_every_word_of_the_shape():
    order = "POST /es/2.0/order/getOrder/"
    assert words_of(order, "answered", "OrderModelList[].orderProgress") == set(map(str, codes.PROGRESS))
    method = "OrderModelList[].SettlementModel.settlementMethodCode"
    assert words_of(order, "answered", method) == set(map(str, codes.SETTLEMENTS))
    reason = "OrderModelList[].ChangeReasonModelList[].changeReasonDetail"
    assert words_of(order, "answered", reason) == set(map(str, codes.CHANGE_REASONS))
    company = "BasketidModelList[].ShippingModelList[].deliveryCompany"
    assert words_of("POST /es/2.0/order/updateOrderShipping/", "sent", company) == set(codes.COMPANIES)


# Against the unofficial file


@pytest.fixture(scope="module")
def unofficial() -> dict[str, Any]:
    return json.loads(contract(SHAPE["specification"]).read_text())


def test_the_file_says_of_itself_that_it_is_not_the_vendor_s(unofficial):
    assert unofficial["note"].startswith("UNOFFICIAL")


def test_its_noted_faults_are_there(unofficial):
    known = unofficial["$defs"]
    assert "PackageModelList" not in known
    assert [name for name in ("OrdererModel", "DeliveryModel") if name in known["OrderModel"]["properties"]] == []
    assert {"SenderModel", "DeliveryCvsModel"} & set(known["PackageModel"]["properties"]) == set()
    assert {"OrdererModel", "SenderModel", "GetOrderDeliveryCvsModel"} <= set(known)
    assert "PaginationRequestModel" not in known["SearchOrderRequestBody"]["properties"]
    assert "variants" not in known["ItemBody"]["properties"]
    assert known["MessageModel"].get("properties", {}) == {}
    assert "TaxRate" in known["ItemModel"]["properties"]
    assert "cautionDispalyType" in known["OrderModel"]["properties"]


@pytest.fixture(scope="module")
def mended(unofficial) -> dict[str, Any]:
    """The file with its messages and lists of models defined and the two spellings mended."""
    document = copy.deepcopy(unofficial)
    known = document["$defs"]
    known["MessageModel"] = known["CommonMessageModelResponse"]
    for reference in sorted(_references(document)):
        name = reference.rpartition("/")[2]
        if name not in known:
            model = name.removesuffix("List")
            known[name] = {"type": "array", "items": {"$ref": f"#/$defs/{model}"}} if model in known else {}
    for model, wrong, right in (
        ("ItemModel", "TaxRate", "taxRate"),
        ("OrderModel", "cautionDispalyType", "cautionDisplayType"),
    ):
        known[model]["properties"][right] = known[model]["properties"].pop(wrong)
        known[model]["required"] = [right if name == wrong else name for name in known[model]["required"]]
    return document


def _references(document: Any) -> set[str]:
    if isinstance(document, dict):
        found = {document["$ref"]} if "$ref" in document else set()
        return found.union(*(_references(value) for value in document.values()))
    if isinstance(document, list):
        return set().union(*(_references(value) for value in document))
    return set()


def said(document: dict[str, Any], name: str, path: str) -> str | None:
    """What the file says of a path of a definition, in our notation; None where it says nothing."""
    schema, word = document["$defs"][name], ""
    for step in path.split("."):
        field, brackets, _ = step.partition("[]")
        properties = schema.get("properties", {})
        if field not in properties:
            return None
        schema, may_be_null = _plain(document, properties[field])
        word = f"{schema.get('type', 'any')}{'!' if field in _required(document, name, path, step) else ''}"
        word += "?" if may_be_null else ""
        if brackets:
            schema, may_be_null = _plain(document, schema["items"])
            word = f"{schema.get('type', 'any')}!"
    return word


def _required(document: dict[str, Any], name: str, path: str, step: str) -> list[str]:
    """The required names of the object that holds a step of a path."""
    schema = document["$defs"][name]
    for before in path.split("."):
        if before == step:
            break
        schema, _ = _plain(document, schema["properties"][before.partition("[]")[0]])
        if before.endswith("[]"):
            schema, _ = _plain(document, schema["items"])
    found: list[str] = schema.get("required", [])
    return found


def _plain(document: dict[str, Any], schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    if "$ref" in schema:
        return _plain(document, document["$defs"][schema["$ref"].rpartition("/")[2]])
    choices = schema.get("anyOf", ())
    if {"type": "null"} in choices:
        (other,) = [one for one in choices if one != {"type": "null"}]
        return _plain(document, other)[0], True
    return schema, False


def is_beyond(name: str, path: str) -> bool:
    beyond = OPERATIONS[name].get("beyond", ())
    return any(path == known or path.startswith((f"{known}.", f"{known}[]")) for known in beyond)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if OPERATIONS[name]["definitions"]])
@pytest.mark.parametrize("side", ["sent", "answered"])
def test_the_shape_file_says_what_the_unofficial_file_says(mended, name, side):
    definition = OPERATIONS[name]["definitions"][side]
    for path, ours in OPERATIONS[name][side].items():
        theirs = said(mended, definition, path)
        if is_beyond(name, path):
            assert theirs is None, path
        elif name.startswith("GET") and side == "sent":
            assert theirs is not None, path  # a query is text, whatever it stands for
        else:
            assert _bare(ours) == theirs, path


def _bare(word: str) -> str:
    return word.split(" ")[0]


@pytest.mark.parametrize(
    ("field", "table", "missing"),
    [
        ("orderProgress", codes.PROGRESS, set()), ("settlementMethodCode", codes.SETTLEMENTS, {"3"}),
        ("deliveryCompany", codes.COMPANIES, set()), ("changeReasonDetail", codes.CHANGE_REASONS, set()),
    ],
)  # fmt: skip
def test_our_tables_hold_the_codes_that_its_notes_name(unofficial, field, table, missing):
    model, name = SHAPE["words"][field].split(".")
    told = set(_CODE.findall(unofficial["$defs"][model]["properties"][name]["description"]))
    assert set(map(str, table)) == told | missing


def test_the_stand_in_s_orders_and_our_requests_fit_the_unofficial_file(spoken, mended):
    for name, operation in OPERATIONS.items():
        for side, place in (("sent", 0), ("answered", 1)):
            definition = operation["definitions"].get(side)
            if definition and not name.startswith("GET"):
                validator = jsonschema.Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": mended["$defs"]})
                for told in spoken[name]:
                    assert [f"{error.json_path} {error.message}" for error in validator.iter_errors(told[place])] == []
