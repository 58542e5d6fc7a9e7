"""Our words to ShipEngine's JSON and back. Pure: no I/O, no clock; decoded numbers are Decimal, never float."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from apps.connectors.shipengine import codes
from apps.connectors.shipengine.settings import ShipEngineSettings
from apps.core import money
from apps.hub import contracts as c
from apps.hub import errors

_REFERENCE_LENGTH = 50  # longer ones are cut silently by the vendor
_LABEL_MESSAGE_LENGTH = 35


def rates_request(request: c.LabelRequest, settings: ShipEngineSettings, *, ship_date: date) -> dict[str, Any]:
    """Body of POST /v1/rates. The reference stays out of it: it belongs to the shipment that is bought."""
    shipment = _shipment(request, settings, ship_date=ship_date)
    options: dict[str, Any] = {"carrier_ids": list(settings.carrier_ids)}
    if request.service:
        carrier, code = _service(request.service, settings)
        options = {"carrier_ids": [carrier], "service_codes": [code]}
    return {"rate_options": options, "shipment": shipment}


def label_request(request: c.LabelRequest, settings: ShipEngineSettings, *, ship_date: date) -> dict[str, Any]:
    """Body of POST /v1/labels. `external_shipment_id` is what `find_label` asks by."""
    if not request.reference or len(request.reference) > _REFERENCE_LENGTH:
        raise errors.Permanent(f"a parcel's reference has 1 to {_REFERENCE_LENGTH} characters")
    carrier, code = _service(request.service or settings.default_service, settings)
    shipment = {
        "carrier_id": carrier,
        "service_code": code,
        "external_shipment_id": request.reference,
        **_shipment(request, settings, ship_date=ship_date),
    }
    if request.order_number:
        shipment["external_order_id"] = request.order_number
    if request.lines:
        shipment["items"] = [
            {
                "name": line.sku,
                "sku": line.sku,
                "quantity": line.quantity,
                "external_order_item_id": line.line_external_id,
            }
            for line in request.lines
        ]
    return {
        "shipment": shipment,
        "label_format": "pdf",
        "label_layout": settings.label_layout,
        "label_download_type": "url",
        "validate_address": "no_validation",
    }


def rates(answer: Mapping[str, Any]) -> list[c.Rate]:
    """What the carriers ask, cheapest first; rates that the vendor marks invalid or that carry errors are left out."""
    found = [
        c.Rate(
            service=f"{rate['carrier_id']}:{rate['service_code']}",
            carrier=rate["carrier_code"],
            amount_minor=sum(_minor(rate[part]) for part in _RATE_PARTS),
            currency=_currency(rate["shipping_amount"]),
            days=rate.get("delivery_days"),
        )
        for rate in (answer.get("rate_response") or {}).get("rates") or ()
        if rate["validation_status"] != "invalid" and not rate["error_messages"]
    ]
    return sorted(found, key=lambda rate: (rate.amount_minor, rate.service))


_RATE_PARTS = ("shipping_amount", "insurance_amount", "confirmation_amount", "other_amount")


def label(answer: Mapping[str, Any], *, reference: str = "") -> c.Label:
    """A label as the vendor tells it. `cost_minor` is carriage and insurance together."""
    status = "voided" if answer.get("voided") else codes.LABEL_STATUS.get(answer["status"], c.UNKNOWN)
    download = answer.get("label_download") or {}
    return c.Label(
        reference=answer.get("external_shipment_id") or reference,
        label_id=answer["label_id"],
        tracking_number=answer["tracking_number"],
        carrier=answer["carrier_code"],
        service=f"{answer['carrier_id']}:{answer['service_code']}",
        cost_minor=_minor(answer["shipment_cost"]) + _minor(answer.get("insurance_cost")),
        currency=_currency(answer["shipment_cost"]),
        status=status,
        document_url=download.get("pdf") or download.get("href") or "",
    )


def voided(request: c.VoidLabel, answer: Mapping[str, Any]) -> c.Label:
    """A label given back; one that had been given back before is the same. Raises `Permanent` when it is refused."""
    if not answer["approved"] and answer.get("reason_code") != codes.ALREADY_VOIDED:
        raise errors.Permanent(f"the label was not voided: {answer.get('message') or answer.get('reason_code')}")
    return c.Label(
        reference=request.reference, label_id=request.label_id, tracking_number="", carrier="", service="",
        cost_minor=0, currency="", status="voided",
    )  # fmt: skip


def track_events(answer: Mapping[str, Any]) -> list[c.TrackEvent]:
    """The steps of a parcel, oldest first. Steps without a moment are left out: they would be new at each reading."""
    number = answer["tracking_number"]
    steps = [_step(number, event) for event in answer.get("events") or () if event.get("occurred_at")]
    if not steps and answer.get("status_code") == "DE" and answer.get("actual_delivery_date"):
        steps = [_step(number, {**answer, "occurred_at": answer["actual_delivery_date"]})]
    steps.reverse()  # the vendor lists the newest first: that decides between steps of one second
    return sorted(steps, key=lambda step: step.at)


def _step(number: str, event: Mapping[str, Any]) -> c.TrackEvent:
    code, detail = event.get("status_code") or "", event.get("status_detail_code") or ""
    words = [event.get("description"), event.get("city_locality"), event.get("country_code")]
    return c.TrackEvent(
        tracking_number=number,
        status=codes.track_status(code, detail),
        at=moment(event["occurred_at"]),
        raw_status=" ".join(filter(None, (code or event.get("event_code"), detail))),
        detail=", ".join(filter(None, words)),
    )


def moment(text: str) -> datetime:
    """ISO 8601 as aware UTC; the vendor means UTC where it names no offset. Raises `ValueError`."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _shipment(request: c.LabelRequest, settings: ShipEngineSettings, *, ship_date: date) -> dict[str, Any]:
    shipment: dict[str, Any] = {
        "ship_date": f"{ship_date.isoformat()}T00:00:00Z",  # pattern and format of the vendor's file agree on this alone
        "ship_to": _address(request.ship_to, "the customer's address"),
        "ship_from": _address(_filled(request.ship_from, settings.ship_from), "the sender's address", needs_phone=True),
        "packages": [_package(request.parcel)],
    }
    if request.cash_on_delivery_minor:
        amount = money.Money(request.cash_on_delivery_minor, request.currency)
        shipment["advanced_options"] = {
            "collect_on_delivery": {
                "payment_type": "any",
                "payment_amount": {"currency": request.currency.lower(), "amount": amount.amount},
            }
        }
    return shipment


def _package(parcel: c.Parcel) -> dict[str, Any]:
    package: dict[str, Any] = {"weight": {"value": parcel.weight_g, "unit": "gram"}}
    if parcel.length_mm and parcel.width_mm and parcel.height_mm:
        sides = {"length": parcel.length_mm, "width": parcel.width_mm, "height": parcel.height_mm}
        package["dimensions"] = {"unit": "centimeter", **{name: Decimal(side) / 10 for name, side in sides.items()}}
    return package


def _address(address: c.Address, whose: str, *, needs_phone: bool = False) -> dict[str, Any]:
    """Name, street, city, region, postal code and country are required there; what is only empty here is borrowed."""
    written = {
        "name": address.name or address.company,
        "phone": address.phone,
        "company_name": address.company,
        "address_line1": address.line1,
        "address_line2": address.line2,
        "city_locality": address.city or address.region,
        "state_province": address.region or address.city,
        "postal_code": address.postal_code,
        "country_code": address.country.upper(),
    }
    optional = {"company_name", "address_line2"} | (set() if needs_phone else {"phone"})
    missing = [name for name, value in written.items() if not value and name not in optional]
    if missing:
        raise errors.Permanent(f"{whose} lacks {', '.join(missing)}")
    return {name: value for name, value in written.items() if value}


def _filled(address: c.Address, fallback: c.Address) -> c.Address:
    """The fallback as a whole where there is no street; else only what does not say where (name, company, phone)."""
    if not address.line1:
        return fallback
    return c.Address(
        name=address.name or fallback.name, company=address.company or fallback.company,
        postal_code=address.postal_code, country=address.country, region=address.region, city=address.city,
        line1=address.line1, line2=address.line2, phone=address.phone or fallback.phone,
    )  # fmt: skip


def _service(service: str, settings: ShipEngineSettings) -> tuple[str, str]:
    carrier, colon, code = service.partition(":")
    if not colon:
        carrier, code = settings.carrier_ids[0] if settings.carrier_ids else "", service
    if not carrier or not code:
        raise errors.Misconfigured("no carrier account (carrier_ids) or no service (default_service) is chosen")
    return carrier, code


def _minor(value: Mapping[str, Any] | None) -> int:
    return money.to_minor(Decimal(value["amount"]), _currency(value)) if value else 0


def _currency(value: Mapping[str, Any]) -> str:
    return str(value["currency"]).upper()


def carrier_names(answer: Mapping[str, Any]) -> dict[str, str]:
    """Carrier account ids and what people call them."""
    carriers: Sequence[Mapping[str, Any]] = answer["carriers"]
    return {one["carrier_id"]: one.get("nickname") or one.get("friendly_name") or "" for one in carriers}
