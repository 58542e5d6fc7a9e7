"""Stripe's way of writing: bracketed forms in, JSON with its own errors out, lists newest first and paged by id.

What a request may say is a table of names; anything else is refused as Stripe refuses it, so that a wrong name in a
connector is found here and not in production.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from apps.sandbox.world import Answer

API_VERSION = "2026-10-28.endive"
PAGE, LONGEST_PAGE = 10, 100
_RANGE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_LIST = frozenset({"created", "ending_before", "expand", "limit", "starting_after"})
# Operation -> the names it takes, of those that API 2026-10-28.endive has.
PARAMETERS: dict[str, frozenset[str]] = {
    "payment_intent_create": frozenset({
        "allowed_payment_method_types", "amount", "automatic_payment_methods", "capture_method", "confirm", "currency",
        "description", "expand", "metadata", "payment_method", "payment_method_data", "payment_method_options",
        "receipt_email", "return_url", "shipping", "statement_descriptor",
    }),
    "payment_intent_capture": frozenset({"amount_to_capture", "expand", "final_capture", "metadata"}),
    "payment_intent_cancel": frozenset({"cancellation_reason", "expand"}),
    "payment_intent_retrieve": frozenset({"client_secret", "expand"}),
    "payment_intent_list": _LIST | {"customer"},
    "refund_create": frozenset({"amount", "charge", "expand", "metadata", "payment_intent", "reason"}),
    "refund_retrieve": frozenset({"expand"}),
    "refund_list": _LIST | {"charge", "payment_intent"},
    "charge_retrieve": frozenset({"expand"}),
    "balance_transaction_list": _LIST | {"currency", "payout", "source", "type"},
    "payout_list": _LIST | {"arrival_date", "destination", "status"},
    "payout_retrieve": frozenset({"expand"}),
    "event_list": _LIST | {"delivery_success", "type", "types"},
    "balance_retrieve": frozenset({"expand"}),
}  # fmt: skip


class Refusal(Exception):
    """A request that Stripe answers with an error. `is_kept`: execution had begun, so the key remembers it."""

    def __init__(
        self, status: int, message: str, *, code: str = "", kind: str = "invalid_request_error", param: str = "",
        is_kept: bool = False, thing: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        said = {"type": kind, "code": code, "message": message, "param": param, "payment_intent": thing}
        self.status = status
        self.is_kept = is_kept
        self.body = {"error": {name: value for name, value in said.items() if value}}

    def answer(self) -> Answer:
        """As JSON."""
        return Answer(self.status, self.body)


def missing(name: str) -> Refusal:
    """A parameter that must be there is not."""
    return Refusal(400, f"Missing required param: {name}.", code="parameter_missing", param=name)


def no_such(kind: str, id: str) -> Refusal:
    """Nothing of that id."""
    return Refusal(404, f"No such {kind}: '{id}'", code="resource_missing", param="id")


def form(body: bytes) -> dict[str, Any]:
    """A form with nested brackets: `a[b][c]=1`, `types[0]=x` and `expand[]=y` become dicts and lists of text."""
    return nested(parse_qsl(body.decode(), keep_blank_values=True))


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """See `form`."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        keys = name.replace("]", "").split("[")
        branch = tree
        for key in keys[:-1]:
            branch = branch.setdefault(key, {})
        branch[keys[-1] or str(len(branch))] = value
    return {key: _listed(value) for key, value in tree.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_listed(item) for _, item in sorted(value.items(), key=lambda pair: int(pair[0]))]
    return {key: _listed(item) for key, item in value.items()}


def check(operation: str, params: Mapping[str, Any]) -> None:
    """Refuse names that the operation does not know."""
    if "payment_method_types" in params:
        raise Refusal(
            400, "`payment_method_types` is no longer supported; use `allowed_payment_method_types`.",
            code="payment_method_types_no_longer_supported", param="payment_method_types",
        )  # fmt: skip
    for name in params:
        if name not in PARAMETERS[operation]:
            raise Refusal(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def whole(params: Mapping[str, Any], name: str) -> int:
    """A positive whole number of minor units. Refuses anything else."""
    if name not in params:
        raise missing(name)
    text = params[name]
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and 0 < int(text) <= 99_999_999):
        raise Refusal(400, f"Invalid positive integer: {text}", code="parameter_invalid_integer", param=name)
    return int(text)


def within(params: Mapping[str, Any], name: str, column: str) -> list[tuple[str, int]]:
    """`created[gte]=…` as SQL conditions with their values; a plain number means equal."""
    asked = params.get(name)
    if asked is None:
        return []
    if isinstance(asked, str):
        return [(f"{column} = ?", int(asked))]
    unknown = set(asked) - set(_RANGE)
    if unknown:
        raise Refusal(400, f"Received unknown parameter: {name}[{unknown.pop()}]", code="parameter_unknown", param=name)
    return [(f"{column} {_RANGE[key]} ?", int(value)) for key, value in asked.items()]


def page_size(params: Mapping[str, Any]) -> int:
    """`limit`, 1 to 100, 10 when it is not said."""
    size = int(params.get("limit", PAGE))
    if not 1 <= size <= LONGEST_PAGE:
        raise Refusal(400, "limit must be between 1 and 100", code="parameter_invalid_integer", param="limit")
    return size


def page(url: str, rows: list[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """One page of a list."""
    return {"object": "list", "url": url, "has_more": has_more, "data": rows}
