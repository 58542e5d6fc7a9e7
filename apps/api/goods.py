"""Products and stock."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import base, problems
from apps.catalog import services as catalog
from apps.catalog.models import Price, Variant
from apps.core import audit
from apps.core.ids import uuid7
from apps.core.models import Brand
from apps.flows import set_aside
from apps.hub.contracts import VariantCard
from apps.inventory.errors import Refused
from apps.inventory.models import Aside, StockLevel
from apps.ledger.models import TaxCode


class PriceOut(serializers.ModelSerializer):
    """A list price, in major units."""

    class Meta:
        model = Price
        fields = ("currency", "amount", "includes_tax")


class ProductOut(serializers.ModelSerializer):
    """A sellable article."""

    product = serializers.UUIDField(source="product_id", read_only=True)
    tax_code = serializers.CharField(source="tax_code_id", read_only=True)
    prices = PriceOut(many=True, read_only=True)

    class Meta:
        model = Variant
        fields = (
            "id",
            "product",
            "sku",
            "barcode",
            "title",
            "tax_code",
            "weight_g",
            "origin_country",
            "hs_code",
            "is_active",
            "prices",
        )


class ProductIn(serializers.Serializer):
    """An article to be added, or whose price changes; a title that is there stays."""

    sku = serializers.CharField(max_length=64)
    title = serializers.CharField(max_length=255)
    barcode = serializers.CharField(max_length=32, required=False, allow_blank=True, default="")
    tax_code = serializers.CharField(max_length=20, required=False, default="standard")
    weight_g = serializers.IntegerField(
        min_value=0, max_value=10_000_000, required=False, allow_null=True, default=None
    )
    price = serializers.DecimalField(
        max_digits=18, decimal_places=6, min_value=0, required=False, allow_null=True, default=None
    )
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False, allow_blank=True, default="")
    price_includes_tax = serializers.BooleanField(required=False, default=True)

    def validate_tax_code(self, code: str) -> str:
        """It must be known."""
        if not TaxCode.objects.filter(code=code).exists():
            raise serializers.ValidationError("There is no such tax code.")
        return code

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        """A price without its currency is none."""
        if told.get("price") is not None and not told.get("currency"):
            raise serializers.ValidationError({"currency": ["A price needs its currency."]})
        return told


class ProductFilter(filters.FilterSet):
    """Filters of the list."""

    is_active = base.YesNo()

    class Meta:
        model = Variant
        fields = ("sku", "barcode")


def _products() -> QuerySet[Variant]:
    return Variant.objects.prefetch_related("prices")


@extend_schema(tags=["products"])
class ProductRows(base.Rows, base.Deed):
    """Products, the newest first."""

    scopes = {"GET": "products:read", "POST": "products:write"}
    queryset = Variant.objects.none()
    serializer_class = ProductOut
    filterset_class = ProductFilter

    def get_queryset(self) -> QuerySet[Variant]:
        return _products()

    @extend_schema(request=ProductIn, responses={201: ProductOut, 200: ProductOut})
    def post(self, request: Request) -> Response:
        """Add an article, or set the price of the one with this SKU."""

        def write(told: Mapping[str, Any]) -> tuple[int, Any]:
            brand = Brand.objects.order_by("pk").first()
            if brand is None:
                raise problems.Conflict("The shop has no brand yet; set it up first.")
            is_new = not catalog.find_ids([told["sku"]])
            made = catalog.take_cards(brand, [VariantCard(**told)])[told["sku"]]
            audit.record("product.told", actor=self.actor(), subject=made, detail={"new": is_new})
            return 201 if is_new else 200, self.get_serializer(_products().get(id=made.id)).data

        return self.once(write, ProductIn)


@extend_schema(tags=["products"])
class OneProduct(base.One):
    """One product."""

    scopes = {"GET": "products:read"}
    queryset = Variant.objects.none()
    serializer_class = ProductOut

    def get_queryset(self) -> QuerySet[Variant]:
        return _products()


class StockOut(serializers.ModelSerializer):
    """What lies on one shelf, in units; `free` may be sold."""

    variant = serializers.UUIDField(source="variant_id", read_only=True)
    sku = serializers.CharField(source="variant.sku", read_only=True)
    location = serializers.CharField(source="location.code", read_only=True)
    free = serializers.SerializerMethodField()

    class Meta:
        model = StockLevel
        fields = (
            "id", "variant", "sku", "location", "on_hand", "free", "reserved", "leased", "safety", "damaged", "quality_control",
            "expired", "incoming", "backordered",
        )  # fmt: skip

    def get_free(self, row: StockLevel) -> int:
        """Units that nobody has."""
        return row.available


class StockFilter(filters.FilterSet):
    """Filters of the list."""

    sku = filters.CharFilter(field_name="variant__sku")
    location = filters.CharFilter(field_name="location__code")

    class Meta:
        model = StockLevel
        fields = ()


class AsideIn(serializers.Serializer):
    """Units to be taken out of sale, or brought back."""

    why = serializers.ChoiceField(choices=list(Aside.values))
    units = serializers.IntegerField(min_value=1, max_value=1_000_000_000)
    reason = serializers.CharField(max_length=200)


def _levels() -> QuerySet[StockLevel]:
    return StockLevel.objects.select_related("variant", "location")


@extend_schema(tags=["stock"])
class StockRows(base.Rows):
    """Stock, shelf by shelf."""

    scopes = {"GET": "stock:read"}
    queryset = StockLevel.objects.none()
    serializer_class = StockOut
    filterset_class = StockFilter

    def get_queryset(self) -> QuerySet[StockLevel]:
        return _levels()


@extend_schema(tags=["stock"])
class OneStock(base.One):
    """One shelf."""

    scopes = {"GET": "stock:read"}
    queryset = StockLevel.objects.none()
    serializer_class = StockOut

    def get_queryset(self) -> QuerySet[StockLevel]:
        return _levels()


class _StockDeed(base.Deed):
    scopes = {"POST": "stock:write"}
    queryset = StockLevel.objects.none()
    serializer_class = StockOut
    deed: Any

    def post(self, request: Request, id: UUID) -> Response:
        """Units of one shelf."""

        def write(told: Mapping[str, Any]) -> tuple[int, Any]:
            level = _levels().filter(id=id).first()
            if level is None:
                raise problems.Gone
            try:
                type(self).deed(
                    level, Aside(told["why"]), told["units"], cause=uuid7(), actor=self.actor(), reason=told["reason"]
                )
            except Refused as refused:
                raise problems.Conflict(str(refused)) from refused
            return 200, self.get_serializer(_levels().get(id=id)).data

        return self.once(write, AsideIn)


@extend_schema(tags=["stock"], request=AsideIn, responses=StockOut)
class SetAside(_StockDeed):
    """Take units out of sale."""

    deed = staticmethod(set_aside.set_aside)


@extend_schema(tags=["stock"], request=AsideIn, responses=StockOut)
class BringBack(_StockDeed):
    """Bring units back into sale; who waits gets them first."""

    deed = staticmethod(set_aside.bring_back)
