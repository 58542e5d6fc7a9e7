"""Customers, the addresses they gave, and what they allowed. Personal data lives here and in no append-only table."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
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
    # Nothing about the person is left; what they bought stays in the books, by this row's id.
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)

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
        return self.name or self.email or str(_("erased person") if self.erased_at else _("unnamed"))


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


class Consent(Record):
    """What a person allowed or withdrew, and the words that were put to them: rows are added, the newest of a kind holds."""

    append_only = True

    class Kind(models.TextChoices):
        MAIL = "mail", _("advertising by e-mail")
        SMS = "sms", _("advertising by SMS")
        POST = "post", _("advertising by post")
        PHONE = "phone", _("advertising by telephone")

    class Source(models.TextChoices):
        """Where it was said."""

        CHECKOUT = "checkout", _("at the checkout")
        ACCOUNT = "account", _("in the customer’s account")
        PHONE = "phone", _("by telephone")
        LETTER = "letter", _("by letter or mail")
        SHOP = "shop", _("in person")

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="consents", verbose_name=_("customer"))
    kind = models.CharField(_("what for"), max_length=8, choices=Kind)
    is_given = models.BooleanField(_("allowed"))
    at = models.DateTimeField(_("said on"), default=clock.now)
    source = models.CharField(_("where it was said"), max_length=10, choices=Source)
    wording = models.TextField(_("words that were put to them"), max_length=2000)
    noted_by = models.CharField(_("noted by"), max_length=150)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index(fields=["customer", "kind", "-at", "-id"], name="customers_consent_newest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.is_given}"


class Erasure(Record):
    """Proof that a person was erased: when, by whom, why, and how many rows of what. It names nobody."""

    append_only = True

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="erasures", verbose_name=_("customer"))
    at = models.DateTimeField(_("erased"), default=clock.now)
    by = models.CharField(_("erased by"), max_length=150)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    emptied = models.JSONField(_("rows emptied"), default=dict)  # model label -> rows

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        indexes = [models.Index(fields=["-at", "-id"], name="customers_erasure_newest")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.at:%Y-%m-%d}"
