"""The double-entry book: append-only, balanced per entry and currency, checked by the database in the posting transaction.

All lines of an entry come in one INSERT; a statement-level trigger checks what that statement brought (migration 0002).
Lines are numbered 1..n and unique per entry, so that nothing can be added later. Corrections are reversals.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.history import tracked
from apps.core.models import Record


class Account(models.Model):
    """One account of the chart. `code` is what rules and connectors speak of."""

    class Kind(models.TextChoices):
        ASSET = "asset", _("asset")
        LIABILITY = "liability", _("liability")
        INCOME = "income", _("income")
        EXPENSE = "expense", _("expense")

    code = models.CharField(_("code"), max_length=40, primary_key=True)
    name_ja = models.CharField(_("name (Japanese)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name_ja}"


class TaxCode(models.Model):
    """A tax category (税区分): standard, reduced, zero, none."""

    code = models.CharField(_("code"), max_length=20, primary_key=True)
    name_ja = models.CharField(_("name (Japanese)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=60)

    class Meta:
        verbose_name = _("tax code")
        verbose_name_plural = _("tax codes")

    def __str__(self) -> str:
        return self.code


@tracked()
class TaxRate(models.Model):
    """The rate of a tax code from a day on, in basis points (1000 = 10 %)."""

    tax_code = models.ForeignKey(TaxCode, models.PROTECT, related_name="rates")
    country = models.CharField(_("country"), max_length=2)
    rate_bp = models.PositiveIntegerField(_("rate (basis points)"))
    from_day = models.DateField(_("from"))

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        constraints = [
            models.UniqueConstraint(fields=["tax_code", "country", "from_day"], name="ledger_one_rate_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.tax_code_id} {self.rate_bp / 100:g} %"


@tracked()
class PostingRule(models.Model):
    """How an event is posted: versioned data. `lines` is a list of {"side", "account", "amount", "tax_code"?}.

    `amount` names a figure of the event's facts; a figure of zero gives no line, a negative one changes sides.
    """

    event = models.CharField(_("event"), max_length=60)
    version = models.PositiveIntegerField(_("version"))
    from_day = models.DateField(_("from"))
    lines = models.JSONField(_("lines"))

    class Meta:
        verbose_name = _("posting rule")
        verbose_name_plural = _("posting rules")
        constraints = [models.UniqueConstraint(fields=["event", "version"], name="ledger_one_rule_a_version")]

    def __str__(self) -> str:
        return f"{self.event} v{self.version}"


class Entry(Record):
    """One posting of one event; UNIQUE (event, source) makes a second run post nothing."""

    append_only = True

    at = models.DateTimeField()
    day = models.DateField()
    event = models.CharField(max_length=60)
    rule_version = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    source_kind = models.CharField(max_length=40)
    source_id = models.UUIDField()
    part = models.CharField(max_length=80, default="")
    order_ref = models.UUIDField(null=True)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")
    memo = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [models.UniqueConstraint(fields=["event", "source_id", "part"], name="ledger_one_entry_a_source")]
        indexes = [
            models.Index(fields=["order_ref", "id"], name="ledger_entry_order"),
            models.Index(fields=["day", "id"], name="ledger_entry_day"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.day}"


class Line(Record):
    """One line of an entry: exactly one of debit and credit is above zero, in minor units of the entry's currency."""

    append_only = True

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="lines")
    number = models.PositiveSmallIntegerField()
    account = models.ForeignKey(Account, models.PROTECT)
    debit_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)
    tax_code = models.CharField(max_length=20, blank=True)
    # Which sub-account: the connection or supplier whose clearing or payable account this is, for 補助科目.
    party = models.UUIDField(null=True)

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        constraints = [
            models.UniqueConstraint(fields=["entry", "number"], name="ledger_one_line_a_number"),
            models.CheckConstraint(
                condition=models.Q(debit_minor__gt=0, credit_minor=0) | models.Q(debit_minor=0, credit_minor__gt=0),
                name="ledger_one_side",
            ),
        ]
        indexes = [models.Index(fields=["account", "entry"], name="ledger_line_account")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.debit_minor or -self.credit_minor}"
