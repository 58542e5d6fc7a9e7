"""Products and their variants; a variant is what is sold, stocked and listed. A SKU is unique to the letter."""

from django.contrib.postgres.indexes import OpClass
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from apps.core.history import tracked
from apps.core.models import Brand, Record
from apps.ledger.models import TaxCode

MOST_UNITS = 1000


@tracked()
class Product(Record):
    """What a customer would call one thing; its variants differ in size or colour."""

    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name=_("brand"))
    title = models.CharField(_("title"), max_length=255)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self) -> str:
        return self.title


class Tracking(models.TextChoices):
    """Whether units of a variant are told apart."""

    NONE = "none", _("quantity alone")
    LOT = "lot", _("lots")
    SERIAL = "serial", _("serial numbers")


@tracked()
class Variant(Record):
    """One sellable article (SKU)."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="variants", verbose_name=_("product"))
    sku = models.CharField(_("SKU"), max_length=64)
    barcode = models.CharField(_("barcode"), max_length=32, blank=True)
    title = models.CharField(_("title"), max_length=255)
    tax_code = models.ForeignKey(TaxCode, models.PROTECT, verbose_name=_("tax code"))
    weight_g = models.PositiveIntegerField(_("weight (g)"), null=True, blank=True)
    origin_country = models.CharField(_("country of origin"), max_length=2, blank=True)
    tracking = models.CharField(
        _("tracked by"), max_length=8, choices=Tracking, default=Tracking.NONE,
        help_text=_("Lots with an expiry date leave first expired, first out; a serial number is scanned for every unit."),
    )  # fmt: skip
    days_before_expiry = models.PositiveSmallIntegerField(
        _("days before expiry"), default=0,
        help_text=_("So many days before its expiry date a lot is no longer sold or shipped."),
    )  # fmt: skip
    hs_code = models.CharField(_("HS code"), max_length=10, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        # Codes that differ only in case are one article in no shop we know, yet two in real files: exact match first,
        # then without case, so uniqueness is exact and a lookup index serves the second step.
        constraints = [models.UniqueConstraint(fields=["sku"], name="catalog_one_variant_a_sku")]
        indexes = [
            models.Index(Upper("sku"), name="catalog_variant_sku_upper"),
            models.Index(fields=["barcode"], name="catalog_variant_barcode", condition=~models.Q(barcode="")),
            # Screens search by the beginning of a code or a title.
            models.Index(OpClass(Upper("sku"), name="text_pattern_ops"), name="catalog_variant_sku_start"),
            models.Index(OpClass(Upper("title"), name="text_pattern_ops"), name="catalog_variant_title_start"),
        ]

    def __str__(self) -> str:
        return self.sku


@tracked()
class Price(Record):
    """A variant's price in one currency, and whether it includes tax (内税 / 外税)."""

    variant = models.ForeignKey(Variant, models.CASCADE, related_name="prices", verbose_name=_("variant"))
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=6)
    includes_tax = models.BooleanField(_("includes tax"), default=True)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.UniqueConstraint(fields=["variant", "currency", "includes_tax"], name="catalog_one_price"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="catalog_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@tracked()
class Component(Record):
    """What one unit of a bundle is made of. A component is never a bundle itself, by a trigger: no set contains itself."""

    bundle = models.ForeignKey(Variant, models.CASCADE, related_name="components", verbose_name=_("bundle"))
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="in_bundles", verbose_name=_("component"))
    units = models.PositiveSmallIntegerField(
        _("units in one bundle"), default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_UNITS)]
    )

    class Meta:
        verbose_name = _("component")
        verbose_name_plural = _("components")
        constraints = [
            models.UniqueConstraint(fields=["bundle", "variant"], name="catalog_one_component"),
            models.CheckConstraint(condition=models.Q(units__gte=1), name="catalog_component_has_units"),
            models.CheckConstraint(condition=~models.Q(bundle=models.F("variant")), name="catalog_no_bundle_of_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.variant} × {self.units}"
