"""ShipEngine: connector and stand-in keep to our shape file, and the shape file says what the vendor's own file says."""

import copy
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from apps.connectors.shipengine import codes, mapping
from apps.connectors.shipengine.connector import ShipEngineConnector
from apps.connectors.shipengine.settings import ShipEngineSettings
from apps.hub import contracts as c
from apps.sandbox.shipengine import API_KEY
from tests.connectors.stand import Stand
from tests.connectors.suites.label import request_for
from tests.contracts import shape
from tests.contracts.openapi import Merged, contract, said_of

SHAPE = shape.load("shipengine")
OPERATIONS = SHAPE["operations"]
DAY = date(2026, 11, 23)
FULL = request_for(
    "contract-1",
    parcel=c.Parcel(weight_g=1200, length_mm=305, width_mm=200, height_mm=100),
    cash_on_delivery_minor=3300,
    currency="JPY",
    order_number="#1001",
    lines=(c.FulfilmentLine(line_external_id="L1", sku="KUR-01", quantity=2),),
)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> dict[str, list[tuple[dict[str, str], Any, Any]]]:
    """What the real connector asked and the real stand-in answered, by operation: (path parameters, sent, answered)."""
    with pytest.MonkeyPatch.context() as patch, Stand(tmp_path_factory.mktemp("world")) as stand:
        patch.setattr("django.conf.settings.PRIVATE_PEERS", stand.peers())
        connector = ShipEngineConnector(
            ShipEngineSettings(
                api_key=API_KEY,
                base_url=stand.url("shipengine"),
                carrier_ids=("se-100001", "se-100003"),
                default_service="japan_post_yu_pack",
            ),
            uuid4(),
        )
        connector.rates(FULL)
        connector.rates(request_for("contract-0", service="se-100003:usps_priority_mail"))
        label = connector.buy_label(FULL, "key")
        connector.buy_label(request_for("contract-2", service="se-100003:usps_priority_mail"), "key")
        connector.find_label(FULL)
        connector.track(label)
        for code in ("AC", "IT", "AT", "EX", "DE"):
            stand.told("shipengine/report", tracking_number=label.tracking_number, code=code, detail="INFORMATION")
        connector.track(label)
        connector.track(c.Label(**{name: getattr(label, name) for name in label.__slots__} | {"label_id": ""}))
        other = connector.find_label(request_for("contract-2"))
        for _ in range(2):
            connector.void_label(c.VoidLabel(reference="contract-2", label_id=other.label_id), "key")
        connector.check()
        found: dict[str, list[tuple[dict[str, str], Any, Any]]] = {}
        for ask, answer in zip(stand.heard, stand.answered, strict=True):
            name, parameters = shape.operation(OPERATIONS, ask.method, ask.path)
            sent = json.loads(ask.body, parse_float=Decimal) if ask.body else None
            found.setdefault(name, []).append((parameters | ask.query, sent, json.loads(answer.body)))
        return found


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_we_send_and_hear_keeps_to_the_shape(spoken, name):
    assert spoken[name]
    for _, sent, answered in spoken[name]:
        if sent is not None:
            assert shape.problems(sent, OPERATIONS[name]["sent"], closed=True) == []
        assert shape.problems(answered, OPERATIONS[name]["answered"], closed=False) == []


def test_the_shape_notices_what_leaves_it():
    known = OPERATIONS["POST /v1/labels"]["sent"]
    sent = mapping.label_request(FULL, ShipEngineSettings(carrier_ids=("se-1",), default_service="x"), ship_date=DAY)
    broken = copy.deepcopy(sent)
    broken["shipment"] |= {"colour": "red", "service_code": None, "external_shipment_id": "x" * 51}
    broken["shipment"]["packages"][0]["weight"] = {"value": "1200", "unit": "stone"}
    del broken["shipment"]["ship_to"]["name"]
    assert shape.problems(sent, known, closed=True) == []
    assert shape.problems(broken, known, closed=True) == [
        "shipment.service_code is null",
        "shipment.external_shipment_id has 51 characters",
        "shipment.ship_to.name is missing",
        "shipment.packages[].weight.value is '1200', not a number",
        "shipment.packages[].weight.unit is 'stone', not one of gram|kilogram|ounce|pound",
        "shipment.colour is not in the shape",
    ]


def test_the_tables_know_every_word_of_the_shape():
    tracked = OPERATIONS["GET /v1/tracking"]["answered"]
    assert set(codes.STATUS) == set(tracked["status_code"].split(" ")[1].split("|"))
    assert set(codes.DETAIL) <= set(tracked["status_detail_code"].split(" ")[1].split("|"))
    known = set(OPERATIONS["POST /v1/labels"]["answered"]["status"].split(" ")[-1].split("|"))
    assert known - set(codes.LABEL_STATUS) == {"error"}
    reasons = OPERATIONS["PUT /v1/labels/{label_id}/void"]["answered"]["reason_code"]
    assert codes.ALREADY_VOIDED in reasons.split(" ")[1].split("|")
    known_errors = set(SHAPE["error"]["errors[].error_code"].split(" ")[1].split("|"))
    assert known_errors >= (codes.OURS | codes.TAKEN)


# Against the vendor's own file


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    return json.loads(contract(SHAPE["specification"]).read_text())


@pytest.fixture(scope="module")
def merged(specification) -> Merged:
    return Merged(specification)


def test_the_vendor_s_file_still_has_a_word_twice(specification):
    words = specification["components"]["schemas"]["error_code"]["enum"]
    assert [word for word in sorted(set(words)) if words.count(word) > 1] == ["no_rates_returned"]


def test_the_shape_file_is_of_this_version(specification):
    assert specification["info"]["version"] == SHAPE["version"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_shape_file_says_what_the_vendor_says(merged, name):
    sent, answered = merged.operation(name)
    for side, schema in (("sent", sent), ("answered", answered)):
        ours = OPERATIONS[name].get(side, {})
        assert {path: said_of(schema, path) for path in ours} == ours


def test_the_shape_of_errors_says_what_the_vendor_says(merged):
    schema = merged.schema({"$ref": "#/components/schemas/error_response_body"})
    assert {path: said_of(schema, path) for path in SHAPE["error"]} == SHAPE["error"]


@pytest.fixture(scope="module")
def validator(merged) -> OpenAPI:
    """openapi-core over the merged file with its noted faults mended, each seen to be there first."""
    paths: dict[str, Any] = {}
    for name in OPERATIONS:
        method, path = name.split(" ")
        sent, answered = merged.operation(name)
        if name == "POST /v1/rates":
            _mend_rates(sent, answered)
        operation: dict[str, Any] = {
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": answered}}}},
            "parameters": [
                {"name": step.strip("{}"), "in": "path", "required": True, "schema": {"type": "string"}}
                for step in path.split("/")
                if step.startswith("{")
            ],
        }
        if sent:
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": sent}}}
        paths.setdefault(path, {})[method.lower()] = operation
    document = {"openapi": "3.0.0", "info": {"title": "ShipEngine", "version": SHAPE["version"]}, "paths": paths}
    # Not valid as a specification (word-twice), but good enough to validate with.
    return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))


def _mend_rates(sent: dict[str, Any], answered: dict[str, Any]) -> None:
    assert {"shipment", "shipment_id"} <= set(sent["required"])  # rates-wants-both
    assert not any(one.get("required") for one in sent["oneOf"])
    one, other = sent.pop("oneOf")
    sent["properties"] |= one["properties"] | other["properties"]
    sent["required"] = ["shipment"]
    shipment = sent["properties"]["shipment"]  # rates-wants-what-it-asks-for
    assert {"shipment_id", "carrier_id", "service_code"} <= set(shipment["required"])
    shipment["required"] = ["ship_to", "ship_from"]
    created_at = answered["properties"]["rate_response"]["properties"]["created_at"]  # moment-as-id
    assert created_at.pop("pattern").startswith("^se")
    created_at.pop("maxLength")
    for name in ("carrier_id", "service_code"):  # an answer need not name what was asked for
        assert name not in answered["required"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_we_send_and_the_stand_in_answers_is_valid_at_the_vendor(spoken, validator, name):
    method, path = name.split(" ")
    for parameters, sent, answered in spoken[name]:
        request = MockRequest(
            "http://localhost",
            method.lower(),
            path.format(**parameters),
            path_pattern=path,
            view_args={key: value for key, value in parameters.items() if f"{{{key}}}" in path},
            data=json.dumps(sent, default=float).encode() if sent is not None else None,
        )
        answer = MockResponse(json.dumps(answered).encode())
        assert _refusals(validator.validate_request, request) == []
        assert _refusals(validator.validate_response, request, answer) == []


def _refusals(validate: Callable[..., None], *what: Any) -> list[str]:
    """Each thing that openapi-core has against it, with its place."""
    try:
        validate(*what)
    except OpenAPIError as error:
        refused = getattr(error.__cause__, "schema_errors", None) or [error]
        return [f"{'.'.join(map(str, getattr(one, 'absolute_path', ())))}: {one}"[:300] for one in refused]
    return []


def test_the_vendor_s_own_example_of_a_label_is_read(specification):
    path = "/v1/labels/rate_shopper_id/{rate_shopper_id}"
    content = specification["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]
    example = content["examples"]["successful_label"]["value"]
    assert "external_shipment_id" not in example  # example-without-required
    read = mapping.label(json.loads(json.dumps(example), parse_float=Decimal), reference="P-1")
    assert read == c.Label(
        reference="P-1", label_id="se-123456", tracking_number="1Z999AA10123456784", carrier="stamps_com",
        service="se-456789:usps_priority_mail", cost_minor=733, currency="USD", status="bought",
        document_url="https://api.shipengine.com/v1/downloads/10/label-123456.pdf",
    )  # fmt: skip
