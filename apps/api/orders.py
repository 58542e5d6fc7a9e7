"""Orders: read them, and do what the desk does. Where a parcel goes and what the customer wrote needs `customers:read`."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import base, problems
from apps.core import audit
from apps.customers.models import Address
from apps.flows import cancel_order, hold_order
from apps.orders.errors import AlreadyShipped, NotOpen
from apps.orders.models import Order, OrderLine

ADDRESS = ("name", "company", "postal_code", "country", "region", "city", "line1", "line2", "phone")


class AddressOut(serializers.ModelSerializer):
    """Where a parcel goes."""

    class Meta:
        model = Address
        fields = ADDRESS


class LineOut(serializers.ModelSerializer):
    """One line; amounts in minor units of the order's currency, rates in basis points."""

    class Meta:
        model = OrderLine
        fields = (
            "number", "kind", "sku", "title", "quantity", "cancelled", "shipped", "returned", "unit_price", "total_minor",
            "refunded_minor", "tax_code", "tax_rate_bp", "tax_minor", "promised_on",
        )  # fmt: skip


class OrderOut(serializers.ModelSerializer):
    """One order; amounts in minor units of `currency` (JPY 0 digits, USD 2)."""

    channel = serializers.UUIDField(source="channel_id", read_only=True)
    brand = serializers.CharField(source="brand.code", read_only=True)
    customer = serializers.UUIDField(source="customer_id", read_only=True, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    lines = LineOut(many=True, read_only=True)
    ship_to = AddressOut(read_only=True, allow_null=True, required=False)

    class Meta:
        model = Order
        fields = (
            "id", "number", "brand", "channel", "external_number", "customer", "placed_at", "taken_at", "ship_by", "currency",
            "prices_include_tax", "items_minor", "charges_minor", "discount_minor", "added_tax_minor", "tax_minor",
            "total_minor", "payment_method", "lifecycle", "payment", "allocation", "fulfilment", "is_held", "wished_on",
            "time_slot", "staff_note", "tags", "lines", "ship_to",
        )  # fmt: skip

    def to_representation(self, instance: Order) -> dict[str, Any]:
        told = super().to_representation(instance)
        if not self.context.get("sees_people"):
            del told["ship_to"]
        return told


class OrderFilter(filters.FilterSet):
    """Filters of the list."""

    is_held = base.YesNo()
    channel = filters.UUIDFilter(field_name="channel_id")
    placed_from = base.Moment(field_name="placed_at", lookup_expr="gte")
    placed_until = base.Moment(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        fields = ("number", "external_number", "lifecycle", "payment", "allocation", "fulfilment")


class Note(serializers.Serializer):
    """What staff keep with an order."""

    staff_note = serializers.CharField(max_length=4000, allow_blank=True, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), max_length=20, required=False)


class Reason(serializers.Serializer):
    """Why, in one line."""

    reason = serializers.CharField(max_length=300)


class Nothing(serializers.Serializer):
    """An empty object."""


def _orders() -> QuerySet[Order]:
    lines = Prefetch("lines", OrderLine.objects.order_by("number"))
    return Order.objects.select_related("brand", "ship_to").prefetch_related(lines)


@extend_schema(tags=["orders"])
class OrderRows(base.Rows):
    """Orders, the newest first."""

    scopes = {"GET": "orders:read"}
    queryset = Order.objects.none()
    serializer_class = OrderOut
    filterset_class = OrderFilter

    def get_queryset(self) -> QuerySet[Order]:
        return _orders()


@extend_schema(tags=["orders"])
class OneOrder(base.One, base.Deed):
    """One order."""

    scopes = {"GET": "orders:read", "PATCH": "orders:write"}
    queryset = Order.objects.none()
    serializer_class = OrderOut

    def get_queryset(self) -> QuerySet[Order]:
        return _orders()

    @extend_schema(
        request=Note,
        responses=OrderOut,
        examples=[OpenApiExample("note", {"staff_note": "のし付き", "tags": ["gift"]}, request_only=True)],
    )
    def patch(self, request: Request, id: UUID) -> Response:
        """Change the note or the tags; with `If-Match` only where nobody else changed the order meanwhile."""

        def write(told: Mapping[str, Any]) -> tuple[int, Any]:
            row = base.locked(_orders(), id)
            self.check_unchanged(row)
            for name, value in told.items():
                setattr(row, name, value)
            row.save(update_fields=sorted(told))
            audit.record("order.noted", actor=self.actor(), subject=row)
            return 200, self.get_serializer(row).data

        return self.once(write, Note)


class _OrderDeed(base.Deed):
    scopes = {"POST": "orders:write"}
    queryset = Order.objects.none()
    serializer_class = OrderOut

    def now(self, id: UUID) -> tuple[int, Any]:
        """The order as it is after the deed."""
        return 200, self.get_serializer(_orders().get(id=id)).data


@extend_schema(tags=["orders"], request=Reason, responses=OrderOut)
class Hold(_OrderDeed):
    """Stop an order."""

    def post(self, request: Request, id: UUID) -> Response:
        """Nothing of it leaves until it is released."""

        def write(told: Mapping[str, Any]) -> tuple[int, Any]:
            hold_order.hold(base.locked(Order.objects.all(), id), reason=told["reason"], actor=self.actor())
            return self.now(id)

        return self.once(write, Reason)


@extend_schema(tags=["orders"], request=Nothing, responses=OrderOut)
class Release(_OrderDeed):
    """Let an order go on."""

    def post(self, request: Request, id: UUID) -> Response:
        """Every hold of it ends."""

        def write(_told: Mapping[str, Any]) -> tuple[int, Any]:
            hold_order.release(base.locked(Order.objects.all(), id), actor=self.actor())
            return self.now(id)

        return self.once(write, Nothing)


@extend_schema(tags=["orders"], request=Reason, responses=OrderOut)
class Cancel(_OrderDeed):
    """Call an order off."""

    def post(self, request: Request, id: UUID) -> Response:
        """The whole of it, as long as nothing has left: its units are free, its money goes back."""

        def write(told: Mapping[str, Any]) -> tuple[int, Any]:
            row = Order.objects.filter(id=id).first()
            if row is None:
                raise problems.Gone
            try:
                cancel_order.cancel(row, actor=self.actor(), reason=told["reason"])
            except NotOpen as error:
                raise problems.Conflict(f"{error} is cancelled or completed already.") from error
            except AlreadyShipped as error:
                raise problems.Conflict(f"Units of {error} have left; they can only come back as a return.") from error
            return self.now(id)

        return self.once(write, Reason)
