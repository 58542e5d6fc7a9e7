"""Customers and the addresses they gave. Personal data lives here and in no append-only table."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.history import tracked
from apps.core.models import Brand, Record


@tracked(is_personal=True)
class Customer(Record):
    """A person or company that bought. One row per e-mail address and brand; people without one are told by their channel."""

    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name=_("brand"))
    name = models.CharField(_("name"), max_length=160, blank=True)
    kana = models.CharField(_("kana"), max_length=160, blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    locale = models.CharField(_("language"), max_length=8, blank=True)
    marketing_allowed = models.BooleanField(_("may be sent advertising"), default=False)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("first seen"))

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "email"], name="customers_one_a_mail", condition=~models.Q(email="")
            )
        ]
        indexes = [
            models.Index(fields=["name"], name="customers_name", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["phone"], name="customers_phone"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or _("unnamed")


class Address(Record):
    """An address as it was written; orders point at the one they were placed with."""

    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="addresses")
    name = models.CharField(_("name"), max_length=160, blank=True)
    company = models.CharField(_("company"), max_length=160, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=16, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    region = models.CharField(_("prefecture or state"), max_length=80, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    line1 = models.CharField(_("street and number"), max_length=200, blank=True)
    line2 = models.CharField(_("building"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")

    def __str__(self) -> str:
        return " ".join(part for part in (self.postal_code, self.region, self.city, self.line1, self.line2) if part)
