"""What is only read: customers, shipments, returns, differences, connections."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from apps.api import base
from apps.api.orders import AddressOut
from apps.customers.models import Customer
from apps.hub.models import Connection
from apps.orders.models import Return, ReturnLine
from apps.reconciliation.models import Difference
from apps.shipping.models import Parcel, Shipment, ShipmentLine


class CustomerOut(serializers.ModelSerializer):
    """A person."""

    brand = serializers.CharField(source="brand.code", read_only=True)
    addresses = AddressOut(many=True, read_only=True)

    class Meta:
        model = Customer
        fields = ("id", "brand", "name", "kana", "email", "phone", "locale", "created_at", "addresses")


class CustomerFilter(filters.FilterSet):
    """Filters of the list."""

    class Meta:
        model = Customer
        fields = ("email",)


class ParcelOut(serializers.ModelSerializer):
    """A parcel with its label."""

    class Meta:
        model = Parcel
        fields = ("number", "weight_g", "tracking_number", "tracking_url", "carrier_name", "service", "label_status")


class ShipmentLineOut(serializers.ModelSerializer):
    """Units of one line of the order."""

    line = serializers.IntegerField(source="order_line.number", read_only=True)
    sku = serializers.CharField(source="order_line.sku", read_only=True)

    class Meta:
        model = ShipmentLine
        fields = ("line", "sku", "quantity", "packed")


class ShipmentOut(serializers.ModelSerializer):
    """What leaves together."""

    order = serializers.UUIDField(source="order_id", read_only=True)
    carrier = serializers.UUIDField(source="carrier_id", read_only=True, allow_null=True)
    parcels = ParcelOut(many=True, read_only=True)
    lines = ShipmentLineOut(many=True, read_only=True)

    class Meta:
        model = Shipment
        fields = (
            "id", "number", "order", "status", "carrier", "service", "planned_at", "shipped_at", "delivered_at", "parcels", "lines",
        )  # fmt: skip


class ShipmentFilter(filters.FilterSet):
    """Filters of the list."""

    order = filters.UUIDFilter(field_name="order_id")

    class Meta:
        model = Shipment
        fields = ("status", "number")


class ReturnLineOut(serializers.ModelSerializer):
    """Units that came back or were called off, or that no sale was found for."""

    class Meta:
        model = ReturnLine
        fields = (
            "number",
            "sku",
            "title",
            "cancelled",
            "returned",
            "unmatched",
            "unmatched_reason",
            "amount_minor",
            "reason",
        )


class ReturnOut(serializers.ModelSerializer):
    """A return."""

    channel = serializers.UUIDField(source="channel_id", read_only=True)
    lines = ReturnLineOut(many=True, read_only=True)

    class Meta:
        model = Return
        fields = ("id", "number", "channel", "at", "currency", "lines")


class ReturnFilter(filters.FilterSet):
    """Filters of the list."""

    channel = filters.UUIDFilter(field_name="channel_id")

    class Meta:
        model = Return
        fields = ("number",)


class DifferenceOut(serializers.ModelSerializer):
    """What two sides say differently; amounts in minor units."""

    connection = serializers.UUIDField(source="connection_id", read_only=True)
    order = serializers.UUIDField(source="order_ref", read_only=True, allow_null=True)

    class Meta:
        model = Difference
        fields = (
            "id", "kind", "connection", "thing", "period", "state", "order", "currency", "ours_minor", "theirs_minor",
            "unexplained_minor", "found_at", "closed_at",
        )  # fmt: skip


class DifferenceFilter(filters.FilterSet):
    """Filters of the list."""

    connection = filters.UUIDFilter(field_name="connection_id")

    class Meta:
        model = Difference
        fields = ("kind", "state", "period")


class ConnectionOut(serializers.ModelSerializer):
    """How a connection is; neither settings nor credentials."""

    class Meta:
        model = Connection
        fields = (
            "id", "connector", "name", "status", "paused_abilities", "shadowed_abilities", "last_heard_at", "last_ok_at",
            "last_error_at", "failures_in_a_row", "held_until",
        )  # fmt: skip
        read_only_fields = fields


class ConnectionFilter(filters.FilterSet):
    """Filters of the list."""

    class Meta:
        model = Connection
        fields = ("connector", "status")


_KINDS = {
    "customers": (Customer.objects.select_related("brand").prefetch_related("addresses"), CustomerOut, CustomerFilter),
    "shipments": (Shipment.objects.prefetch_related("parcels", "lines__order_line"), ShipmentOut, ShipmentFilter),
    "returns": (Return.objects.prefetch_related("lines"), ReturnOut, ReturnFilter),
    "differences": (Difference.objects.all(), DifferenceOut, DifferenceFilter),
    "connections": (Connection.objects.defer("settings"), ConnectionOut, ConnectionFilter),
}


def views(kind: str) -> tuple[type[base.Rows], type[base.One]]:
    """The list and the one of a kind that is only read."""
    rows, out, names = _KINDS[kind]
    common = {"scopes": {"GET": f"{kind}:read"}, "queryset": rows, "serializer_class": out}
    title = kind.title()
    listed = type(
        f"{title}Rows", (base.Rows,), common | {"filterset_class": names, "__doc__": f"{title}, the newest first."}
    )
    single = type(f"One{title}", (base.One,), common | {"__doc__": f"One of the {kind}."})
    return extend_schema(tags=[kind])(listed), extend_schema(tags=[kind])(single)
