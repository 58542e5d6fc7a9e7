"""I7: each call that must take effect once did so once, as counted by the other side: the sandbox's own ledger.

Without a sandbox nobody outside can be asked, and nothing is checked.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import connection as database

from apps.core import net
from apps.flows.verifying.checks import EXAMPLES, Finding

_BY_TRACKING = """SELECT d.id, p.tracking_number FROM hub_delivery d
        JOIN shipping_parcel p ON p.shipment_id = d.subject"""
_BY_TRACKING_OR_OURS = """SELECT d.id, coalesce(nullif(p.tracking_number, ''), s.number) FROM hub_delivery d
        JOIN shipping_shipment s ON s.id = d.subject JOIN shipping_parcel p ON p.shipment_id = s.id"""
# How the other side names the effect of a delivery: whatever of ours travelled with it.
_NAMES = {
    "label.buy": """SELECT d.id, s.number || '-' || p.number FROM hub_delivery d
        JOIN shipping_parcel p ON p.id = d.subject JOIN shipping_shipment s ON s.id = p.shipment_id""",
    "fulfilment.create": "SELECT d.id, s.number FROM hub_delivery d JOIN shipping_shipment s ON s.id = d.subject",
    # These keep no reference of ours on a fulfilment; the tracking number is what they know of the parcel.
    "shopify fulfilment.create": _BY_TRACKING,
    "rakuten fulfilment.create": _BY_TRACKING,
    # These are given the tracking number, or our shipment's where there is none.
    "amazon fulfilment.create": _BY_TRACKING_OR_OURS,
    "vendure fulfilment.create": _BY_TRACKING_OR_OURS,
    "payment.request": """SELECT d.id, o.number FROM hub_delivery d JOIN payments_payment p ON p.id = d.subject
        JOIN orders_order o ON o.id = p.order_id""",
    "payment.capture": "SELECT d.id, p.provider_id FROM hub_delivery d JOIN payments_payment p ON p.id = d.subject",
    "payment.refund": "SELECT d.id, split_part(d.key, ':', 2) FROM hub_delivery d",
    "message.send": "SELECT d.id, d.subject::text FROM hub_delivery d",
    "notice.send": "SELECT d.id, d.subject::text FROM hub_delivery d",
}
# Where no one but us causes the effect, one that we know nothing of is a violation, too.
_OURS_ALONE = frozenset({"label.buy", "message.send", "notice.send"})
Effects = Mapping[str, Mapping[str, Mapping[str, int]]]


def check() -> Finding:
    """Ask the sandbox, if there is one, and compare. One that does not answer is a violation: nothing was counted."""
    if not settings.SANDBOX_ADDRESS:
        return Finding("I7")
    try:
        return compare(_ask())
    except (net.Unreachable, net.AddressRefused, ValueError) as error:
        return Finding("I7", violations=1, examples=[f"the sandbox could not be asked: {error}"])


def _ask() -> Effects:
    """{stand-in: {operation: {name of the effect: how often}}}, as `POST /control/effects` tells."""
    reply = net.request(
        "POST", f"{settings.SANDBOX_ADDRESS.rstrip('/')}/control/effects",
        headers={"X-Sandbox-Token": settings.SANDBOX_TOKEN}, body=b"{}",
    )  # fmt: skip
    if reply.status != HTTPStatus.OK:
        raise ValueError(f"it answered {reply.status}")
    told: dict[str, Any] = json.loads(reply.body)
    return told


def compare(effects: Effects) -> Finding:
    """I7 against these counts."""
    finding = Finding("I7")
    for slug, operations in effects.items():
        for operation, counts in operations.items():
            if operation in _NAMES:  # what we cannot name we cannot judge
                _compare_one(finding, slug, operation, counts)
    return finding


def _compare_one(finding: Finding, slug: str, operation: str, counts: Mapping[str, int]) -> None:
    wrong, known = [], set()
    rows = _deliveries(slug, operation)
    for name, status, was_unsure in rows:
        known.add(name)
        count = counts.get(name, 0)
        is_sent = status == "sent"
        # Words of unknown fate that were sent again on purpose may have arrived twice: counted apart, not here.
        may_be_double = operation in {"message.send", "notice.send"} and was_unsure
        if (is_sent and count == 0) or (count > 1 and not may_be_double):
            wrong.append(f"{name} {count} times")
    if operation in _OURS_ALONE:
        wrong += [f"{name} {counts[name]} times, and nobody here asked for it" for name in counts.keys() - known]
    finding.add(f"{slug} {operation}", checked=len(rows), violations=len(wrong), names=sorted(wrong)[:EXAMPLES])


def _deliveries(slug: str, operation: str) -> list[tuple[str, str, bool]]:
    """(name of the effect, status, whether a try's outcome was unknown) of every delivery of an operation to a vendor."""
    names = _NAMES.get(f"{slug} {operation}", _NAMES[operation])
    with database.cursor() as cursor:
        cursor.execute(
            f"""SELECT n.name, d.status, EXISTS (
                    SELECT 1 FROM hub_attempt a WHERE a.delivery_id = d.id AND a.outcome IN ('unknown', 'fault')
                ) OR d.attempts > (SELECT count(*) FROM hub_attempt a WHERE a.delivery_id = d.id)
                FROM ({names}) AS n(id, name) JOIN hub_delivery d ON d.id = n.id
                JOIN hub_connection c ON c.id = d.connection_id
                WHERE d.operation = %s AND c.connector = %s""",
            [operation, slug],
        )
        return list(cursor.fetchall())
