"""ShipEngine's words and ours (OpenAPI 1.1.202604070904: status_code, status_detail_code, label_status, error_code)."""

from apps.hub.contracts import UNKNOWN

TRACK_TOPIC = "API_TRACK"

STATUS: dict[str, str] = {
    "AC": "accepted",
    "IT": "in_transit",
    "SP": "in_transit",  # lies at a collection point: the customer does not have it yet
    "AT": "attempted",
    "DE": "delivered",
    "EX": UNKNOWN,  # an exception may be anything; the detail below says when it is final
    "NY": UNKNOWN,  # not yet in the carrier's system
    "UN": UNKNOWN,
}
# Details that say more than their status does.
DETAIL: dict[str, str] = {
    "RETURN_TO_SENDER": "returned",
    "UNDELIVERABLE_RETURNED_TO_SENDER": "returned",
    "PARCEL_LOST": "lost",
    "PARCEL_DISPOSED": "lost",
    "ATTEMPTED_DELIVERY": "attempted",
    "ATTEMPTED_DELIVERY_FINAL": "attempted",
    "CUSTOMER_CARDED": "attempted",
}
LABEL_STATUS: dict[str, str] = {"completed": "bought", "processing": "bought", "voided": "voided"}

ALREADY_VOIDED = "label_already_voided"
# 400s that speak of the account and not of the parcel.
OURS = frozenset(
    {
        "carrier_disconnected", "carrier_not_connected", "forbidden", "funding_source_missing_configuration",
        "insufficient_funds", "invalid_billing_plan", "subscription_inactive", "terms_not_accepted", "trial_expired",
        "unauthorized",
    }
)  # fmt: skip
# The documentation says that an external_shipment_id is unique; the label is then already there.
TAKEN = frozenset({"identifier_conflict"})


def track_status(code: str, detail: str) -> str:
    """Our word for a step; unknown words stay unknown, and the caller keeps them raw."""
    return DETAIL.get(detail) or STATUS.get(code, UNKNOWN)
