"""The label seller's wire format: carriers with prices and tracking numbers, the JSON of labels, rates and steps."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.sandbox.world import moment

# Hours after purchase, status, detail. A void is possible until the first step.
STEPS = ((3, "AC", "RECEIVED_BY_CARRIER"), (24, "IT", "HUB_SCAN_OUT"), (48, "DE", "DELIVERED"))
STEPS_ATTEMPTED = (*STEPS[:2], (48, "AT", "CUSTOMER_CARDED"), (72, "DE", "DELIVERED"))
STEPS_DELAYED = (*STEPS[:2], (48, "EX", "CARRIER_DELAYS"), (96, "DE", "DELIVERED"))
DESCRIPTIONS = {
    "AC": "Accepted", "IT": "In Transit", "DE": "Delivered", "AT": "Delivery Attempt", "EX": "Exception",
    "NY": "Not Yet In System", "UN": "Unknown", "SP": "Delivered To Collection Location",
}  # fmt: skip
_REQUIRED = ("name", "address_line1", "city_locality", "state_province", "postal_code", "country_code")


def s10(prefix: str, country: str) -> Callable[[int], str]:
    """Tracking numbers of the world's posts (UPU S10): eight digits and a check digit by weights 8 6 4 2 3 5 9 7."""

    def number(seq: int) -> str:
        digits = f"{(seq * 7919 + 10_000_000) % 100_000_000:08d}"
        rest = 11 - sum(int(d) * w for d, w in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
        return f"{prefix}{digits}{ {10: 0, 11: 5}.get(rest, rest) }{country}"

    return number


def usps(seq: int) -> str:
    """A number of 20 digits of the United States' post; the last one checks by weights 3 and 1 from the right."""
    digits = f"94{(seq * 7919 + 10_000_000) % 10**17:017d}"
    total = sum(int(d) * (3 if place % 2 == 0 else 1) for place, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier account. `services`: code -> (name, base price, price of each further 500 g, days)."""

    code: str
    name: str
    currency: str
    services: dict[str, tuple[str, Decimal, Decimal, int]]
    tracking_number: Callable[[int], str]

    def price(self, service: str, grams: Decimal) -> Decimal:
        """What the service asks for a parcel of that weight."""
        _, base, step, _ = self.services[service]
        return base + step * max(0, (int(grams) - 1) // 500)


CARRIERS: dict[str, Carrier] = {
    "se-100001": Carrier(
        "japan_post", "Japan Post (stand-in)", "jpy",
        {
            "japan_post_yu_pack": ("Yu-Pack", Decimal(820), Decimal(60), 2),
            "japan_post_yu_packet": ("Yu-Packet", Decimal(360), Decimal(100), 3),
        },
        s10("EN", "JP"),
    ),
    "se-100002": Carrier(
        "royal_mail", "Royal Mail (stand-in)", "gbp",
        {
            "royal_mail_tracked_48": ("Tracked 48", Decimal("3.35"), Decimal("0.45"), 2),
            "royal_mail_tracked_24": ("Tracked 24", Decimal("4.25"), Decimal("0.55"), 1),
        },
        s10("RM", "GB"),
    ),
    "se-100003": Carrier(
        "usps", "USPS (stand-in)", "usd",
        {
            "usps_ground_advantage": ("USPS Ground Advantage", Decimal("5.40"), Decimal("1.15"), 4),
            "usps_priority_mail": ("USPS Priority Mail", Decimal("8.70"), Decimal("1.65"), 2),
        },
        usps,
    ),
}  # fmt: skip


def problem_of(shipment: dict[str, Any]) -> str:
    """What the vendor would refuse about a shipment, "" for nothing."""
    for whose in ("ship_to", "ship_from"):
        for name in (*_REQUIRED, "phone") if whose == "ship_from" else _REQUIRED:
            if not (shipment.get(whose) or {}).get(name):
                return f"{whose}.{name} is required"
    if not shipment.get("packages") or grams(shipment) <= 0:
        return "packages[0].weight.value must be greater than 0"
    if len(shipment.get("external_shipment_id") or "") > 50:
        return "external_shipment_id must be at most 50 characters"
    return ""


def grams(shipment: dict[str, Any]) -> Decimal:
    """The first package's weight."""
    weight = shipment["packages"][0]["weight"]
    each = {
        "gram": Decimal(1),
        "kilogram": Decimal(1000),
        "ounce": Decimal("28.349523125"),
        "pound": Decimal("453.59237"),
    }
    return Decimal(weight["value"]) * each[weight["unit"]]


def carriers() -> dict[str, Any]:
    """GET /v1/carriers."""
    return {
        "carriers": [
            {
                "carrier_id": id, "carrier_code": one.code, "account_number": "stand-in",
                "requires_funded_amount": False, "balance": 0,
                "nickname": one.name, "friendly_name": one.name, "primary": id == "se-100001",
                "has_multi_package_supporting_services": False, "supports_label_messages": False,
                "services": [], "packages": [], "options": [],
            }
            for id, one in CARRIERS.items()
        ],
        "request_id": "00000000-0000-4000-8000-000000000000",
        "errors": [],
    }  # fmt: skip


def rates(
    shipment: dict[str, Any], carrier_ids: Sequence[str], service_codes: Sequence[str] | None
) -> list[dict[str, Any]]:
    """One rate for each service of each carrier that was asked for."""
    found = []
    for carrier_id in carrier_ids:
        carrier = CARRIERS[carrier_id]
        zero = {"currency": carrier.currency, "amount": 0}
        for code, (name, _, _, days) in carrier.services.items():
            if service_codes and code not in service_codes:
                continue
            price = {"currency": carrier.currency, "amount": carrier.price(code, grams(shipment))}
            found.append(
                {
                    "rate_id": f"se-{len(found) + 1}", "rate_type": "shipment", "carrier_id": carrier_id,
                    "shipping_amount": price, "insurance_amount": zero, "confirmation_amount": zero,
                    "other_amount": zero, "zone": None, "package_type": None, "delivery_days": days,
                    "guaranteed_service": False,
                    "negotiated_rate": False, "service_type": name, "service_code": code, "trackable": True,
                    "carrier_code": carrier.code, "carrier_nickname": carrier.name,
                    "carrier_friendly_name": carrier.name,
                    "validation_status": "valid", "warning_messages": [], "error_messages": [],
                }
            )  # fmt: skip
    return found


def rate_answer(
    shipment: dict[str, Any], found: list[dict[str, Any]], *, shipment_id: str, at: datetime
) -> dict[str, Any]:
    """The answer of POST /v1/rates: the shipment as it was kept, and the rates."""
    weight = shipment["packages"][0]["weight"]
    return {
        **shipment,
        "shipment_id": shipment_id, "created_at": iso(at), "modified_at": iso(at), "shipment_status": "pending",
        "return_to": shipment["ship_from"], "confirmation": "none", "customs": None,
        "advanced_options": shipment.get("advanced_options", {}), "insurance_provider": "none", "tags": [],
        "total_weight": weight,
        "rate_response": {
            "rates": found, "invalid_rates": [], "rate_request_id": shipment_id, "shipment_id": shipment_id,
            "created_at": iso(at), "status": "completed", "errors": [],
        },
    }  # fmt: skip


def label(row: sqlite3.Row, at: datetime) -> dict[str, Any]:
    """A label as the vendor shows it."""
    carrier = CARRIERS[row["carrier_id"]]
    label_id, ship_to, ship_from = f"se-{row['seq']}", json.loads(row["ship_to"]), json.loads(row["ship_from"])
    package = json.loads(row["package"], parse_float=Decimal)
    zero = {"currency": row["currency"], "amount": 0}
    folder = f"https://api.shipengine.com/v1/downloads/10/{label_id}"
    links = {kind: f"{folder}/label.{kind}" for kind in ("pdf", "png", "zpl")}
    return {
        "label_id": label_id, "status": "voided" if row["voided_at"] else "completed",
        "shipment_id": f"se-5{row['seq']}", "external_shipment_id": row["reference"] or None,
        "external_order_id": row["order_number"] or None,
        "ship_date": f"{row['ship_date'][:10]}T00:00:00Z", "created_at": iso(at),
        "shipment_cost": {"currency": row["currency"], "amount": Decimal(row["cost"])}, "insurance_cost": zero,
        "tracking_number": row["tracking_number"], "is_return_label": False, "rma_number": None,
        "is_international": ship_to["country_code"] != ship_from["country_code"], "batch_id": "se-0",
        "carrier_id": row["carrier_id"], "charge_event": "carrier_default", "service_code": row["service_code"],
        "package_code": "package", "voided": bool(row["voided_at"]),
        "voided_at": iso(moment(row["voided_at"])) if row["voided_at"] else None,
        "label_format": "pdf", "display_scheme": "label", "label_layout": "4x6", "trackable": True,
        "label_image_id": None, "carrier_code": carrier.code, "tracking_status": "unknown", "confirmation": "none",
        "label_download": {**links, "href": links["pdf"]}, "form_download": None, "qr_code_download": None,
        "paperless_download": None, "insurance_claim": None,
        "packages": [{**package, "package_code": "package", "tracking_number": row["tracking_number"], "sequence": 1}],
        "ship_to": ship_to,
    }  # fmt: skip


def tracking(row: sqlite3.Row, steps: Sequence[tuple[datetime, str, str]]) -> dict[str, Any]:
    """Where a parcel is; `steps` newest first, as the vendor lists them."""
    carrier = CARRIERS[row["carrier_id"]]
    here, there = json.loads(row["ship_from"]), json.loads(row["ship_to"])
    at, code, detail = steps[0] if steps else (None, "NY", "ELEC_ADVICE_RECD_BY_CARRIER")
    return {
        "tracking_number": row["tracking_number"],
        "tracking_url": f"https://track.invalid/{carrier.code}/{row['tracking_number']}",
        "status_code": code, "status_detail_code": detail, "status_description": DESCRIPTIONS[code],
        "status_detail_description": detail.replace("_", " ").capitalize(),
        "carrier_code": carrier.code, "carrier_id": int(row["carrier_id"].removeprefix("se-")),
        "carrier_status_code": code, "carrier_detail_code": code, "carrier_status_description": DESCRIPTIONS[code],
        "ship_date": f"{row['ship_date'][:10]}T00:00:00Z",
        **({"actual_delivery_date": iso(at)} if at and code == "DE" else {}),
        "events": [_event(step, there if step[1] in {"DE", "AT", "SP"} else here) for step in steps],
    }  # fmt: skip


def _event(step: tuple[datetime, str, str], place: dict[str, Any]) -> dict[str, Any]:
    at, code, detail = step
    return {
        "occurred_at": iso(at), "description": DESCRIPTIONS[code],
        "city_locality": place["city_locality"], "state_province": place["state_province"].ljust(2),
        "postal_code": place["postal_code"], "country_code": place["country_code"], "company_name": "", "signer": "",
        "event_code": code, "carrier_detail_code": code, "status_code": code, "status_detail_code": detail,
        "status_description": DESCRIPTIONS[code], "status_detail_description": detail.replace("_", " ").capitalize(),
        "carrier_status_code": code, "carrier_status_description": DESCRIPTIONS[code],
    }  # fmt: skip


def iso(at: datetime) -> str:
    """Moments as the vendor writes them."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
