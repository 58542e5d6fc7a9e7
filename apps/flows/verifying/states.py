"""I14: states move only along their drawing, each move with who, when and why; and mirrors say what the truth says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from apps.channels import states as channel_states
from apps.channels.models import SellingPolicy, Stop
from apps.flows.verifying.checks import Check, append_only
from apps.inventory import states as inventory_states
from apps.inventory.models import PurchaseOrder, Stocktake, Surplus, Transfer
from apps.orders import states as order_states
from apps.orders.models import Order
from apps.payments import states as payment_states
from apps.payments.models import Payment, Refund
from apps.shipping import states as shipping_states
from apps.shipping.models import Shipment

P = order_states.PaymentState


@dataclass(frozen=True, slots=True)
class Axis:
    """One state machine: where it is kept, its drawing, and where a row may begin."""

    model: type[models.Model]
    column: str
    moves: Mapping[Any, frozenset[Any]]
    begins: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The model as history rows name it."""
        return self.model._meta.label_lower


AXES = (
    Axis(Order, "lifecycle", order_states.LIFECYCLE_MOVES, ("open",)),
    Axis(Order, "payment", order_states.PAYMENT_MOVES, (P.UNPAID, P.ON_DELIVERY, P.NOT_REQUIRED)),
    Axis(Order, "allocation", order_states.ALLOCATION_MOVES, ("none",)),
    Axis(Order, "fulfilment", order_states.FULFILMENT_MOVES, ("unfulfilled",)),
    Axis(Payment, "status", payment_states.MOVES, ("expected",)),
    Axis(Refund, "status", payment_states.REFUND_MOVES, ("requested",)),
    Axis(Shipment, "status", shipping_states.MOVES, ("planned",)),
    Axis(SellingPolicy, "state", channel_states.MOVES, ("shared",)),
    Axis(Stop, "state", channel_states.STOP_MOVES, ("waiting",)),
    Axis(PurchaseOrder, "state", inventory_states.PURCHASE_MOVES, ("draft",)),
    Axis(Surplus, "state", inventory_states.SURPLUS_MOVES, ("waiting",)),
    Axis(Transfer, "state", inventory_states.TRANSFER_MOVES, ("draft",)),
    Axis(Stocktake, "state", inventory_states.STOCKTAKE_MOVES, ("counting",)),
)


def _arrows() -> str:
    """Every arrow of every drawing, as rows of SQL."""
    return ", ".join(
        f"('{axis.kind}', '{axis.column}', '{old}', '{new}')"
        for axis in AXES
        for old, follows in axis.moves.items()
        for new in sorted(follows)
    )


def _history(axis: Axis) -> Check:
    """A row's moves are a chain from where it may begin to where it stands."""
    table, column = axis.model._meta.db_table, axis.column
    begins = ", ".join(f"'{state}'" for state in axis.begins)
    return Check(
        f"moves lead from the beginning to the present ({axis.kind} {column})",
        f"SELECT count(*) FROM {table}",
        f"""SELECT r.id FROM {table} r LEFT JOIN (
                SELECT subject, (array_agg(old ORDER BY id))[1] AS first, (array_agg(new ORDER BY id DESC))[1] AS last,
                       bool_and(is_chained) AS is_chained
                FROM (SELECT subject, id, old, new, coalesce(lag(new) OVER (PARTITION BY subject ORDER BY id) = old, true)
                             AS is_chained
                      FROM core_statemove WHERE kind = '{axis.kind}' AND axis = '{column}') steps
                GROUP BY 1
            ) h ON h.subject = r.id
            WHERE coalesce(h.last, r.{column}) <> r.{column} OR coalesce(h.first, r.{column}) NOT IN ({begins})
               OR NOT coalesce(h.is_chained, true)""",
    )


MOVES = (
    Check(
        "a move follows an arrow and says who and when",
        "SELECT count(*) FROM core_statemove",
        f"""SELECT m.kind || ' ' || m.axis || ' ' || m.old || ' -> ' || m.new FROM core_statemove m
            LEFT JOIN (VALUES {_arrows()}) AS arrow(kind, axis, old, new)
                ON (arrow.kind, arrow.axis, arrow.old, arrow.new) = (m.kind, m.axis, m.old, m.new)
            WHERE arrow.kind IS NULL OR m.actor = '' OR m.at IS NULL""",
    ),
    *(_history(axis) for axis in AXES),
    append_only("core_statemove"),
)

_ORDERS = "SELECT count(*) FROM orders_order"

MIRRORS = (
    Check(
        "the allocation axis says what is promised",
        _ORDERS,
        """SELECT o.number FROM orders_order o LEFT JOIN (
                SELECT lot."group", sum(lot.wanted) AS wanted, sum(lot.given) AS given FROM (
                    SELECT d."group", min((d.quantity - d.cancelled - d.shipped) / d.per_unit) AS wanted,
                           min(d.allocated / d.per_unit) AS given
                    FROM inventory_demand d JOIN inventory_stocklevel l ON l.id = d.level_id
                    WHERE d.kind = 'order_line' GROUP BY d."group", d.subject, l.location_id
                ) lot GROUP BY 1
           ) d ON d."group" = o.id
           WHERE o.allocation <> CASE WHEN coalesce(d.given, 0) >= coalesce(d.wanted, 0) THEN 'full'
                                      WHEN d.given > 0 THEN 'partial' ELSE 'none' END""",
    ),
    Check(
        "the fulfilment axis says what has left and come back",
        _ORDERS,
        """SELECT o.number FROM orders_order o LEFT JOIN (
                SELECT order_id, sum(shipped) AS shipped, sum(quantity - cancelled - shipped) AS open,
                       sum(quantity - cancelled - returned) AS kept
                FROM orders_orderline WHERE kind = 'item' GROUP BY 1
           ) i ON i.order_id = o.id
           WHERE o.fulfilment IS DISTINCT FROM CASE
                WHEN coalesce(i.shipped, 0) = 0 THEN 'unfulfilled' WHEN i.kept = 0 THEN 'returned'
                WHEN i.open > 0 THEN 'partial' WHEN o.fulfilment IN ('shipped', 'delivered') THEN o.fulfilment END
              OR (o.fulfilment = 'delivered' AND EXISTS (
                    SELECT 1 FROM shipping_shipment s WHERE s.order_id = o.id
                       AND s.status IN ('planned', 'labelled', 'shipped')))""",
    ),
    Check(
        "a line has shipped what its parcels hold",
        "SELECT count(*) FROM orders_orderline",
        """SELECT o.number || ' line ' || i.number FROM orders_orderline i JOIN orders_order o ON o.id = i.order_id
           LEFT JOIN (
                SELECT l.order_line_id, sum(l.quantity) AS units FROM shipping_shipmentline l
                JOIN shipping_shipment s ON s.id = l.shipment_id WHERE s.shipped_at IS NOT NULL GROUP BY 1
           ) s ON s.order_line_id = i.id WHERE coalesce(s.units, 0) <> i.shipped""",
    ),
    Check(
        "a parcel has left exactly where it says when",
        "SELECT count(*) FROM shipping_shipment",
        """SELECT number FROM shipping_shipment
           WHERE (shipped_at IS NOT NULL) <> (status IN ('shipped', 'delivered', 'returned', 'lost'))""",
    ),
    Check(
        "the payment axis says what the payment says",
        _ORDERS,
        """SELECT o.number FROM orders_order o LEFT JOIN payments_payment p ON p.order_id = o.id
           WHERE o.payment IS DISTINCT FROM CASE
                WHEN p.id IS NULL AND o.lifecycle = 'cancelled' AND o.payment = 'voided' THEN 'voided'
                WHEN p.id IS NULL THEN 'not_required'
                WHEN p.captured_minor > 0 AND p.refunded_minor >= p.captured_minor THEN 'refunded'
                WHEN p.captured_minor > 0 AND p.refunded_minor > 0 THEN 'partly_refunded'
                WHEN p.captured_minor > 0 THEN 'paid'
                WHEN p.status = 'cancelled' OR o.lifecycle = 'cancelled' THEN 'voided'
                WHEN p.status = 'authorised' THEN 'authorised'
                WHEN p.method = 'cod' THEN 'on_delivery' ELSE 'unpaid' END""",
    ),
    Check(
        "a payment's status says what was captured",
        "SELECT count(*) FROM payments_payment",
        """SELECT o.number FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
           WHERE (p.captured_minor > 0) <> (p.status = 'captured')""",
    ),
    Check(
        "an order is on hold exactly while a hold is open",
        _ORDERS,
        """SELECT o.number FROM orders_order o WHERE o.is_held <> EXISTS (
                SELECT 1 FROM orders_orderhold h WHERE h.order_id = o.id AND h.released_at IS NULL)""",
    ),
    Check(
        "nothing is promised to, or leaves for, an order that was called off",
        "SELECT count(*) FROM orders_order WHERE lifecycle = 'cancelled'",
        """SELECT o.number FROM orders_order o WHERE o.lifecycle = 'cancelled' AND (
                EXISTS (SELECT 1 FROM orders_orderline i WHERE i.order_id = o.id AND i.kind = 'item'
                        AND i.quantity > i.cancelled)
                OR EXISTS (SELECT 1 FROM shipping_shipment s WHERE s.order_id = o.id AND s.status <> 'cancelled'))""",
    ),
)

I14 = MOVES + MIRRORS
