"""Company and brands, the history of states, the audit of edits, and leases."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.history import tracked
from apps.core.ids import uuid7
from apps.core.money import Rounding


class Record(models.Model):
    """A row with a public id that sorts by birth. `append_only` tables refuse UPDATE and DELETE (see roles.py)."""

    append_only = False

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True


@tracked()
class Company(Record):
    """The merchant business that this installation serves; there is exactly one row."""

    only = models.BooleanField(default=True, editable=False, unique=True)
    name = models.CharField(_("name"), max_length=120)
    registration_number = models.CharField(_("registration number (T…)"), max_length=14, blank=True)
    currency = models.CharField(_("home currency"), max_length=3, default="JPY")
    # Empty: as the environment says. Chosen before the first order, not changed afterwards (core.place).
    country = models.CharField(_("country"), max_length=2, blank=True, editable=False)
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True, editable=False)
    tax_checked_at = models.DateTimeField(null=True, editable=False)  # somebody looked at the rates when setting up
    address = models.TextField(_("address"), blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    rounding = models.CharField(
        _("rounding of tax"), max_length=10, choices=[(r.value, r.value) for r in Rounding], default=Rounding.DOWN
    )
    ships_by_itself = models.BooleanField(
        _("ship clean orders by itself"), default=False, help_text=_("Buys the label of every ready order at cut-off.")
    )
    ships_within_days = models.PositiveSmallIntegerField(
        _("ships within (days)"),
        default=2,
        help_text=_("An order that has not left by then stands on top of the desk."),
    )
    lease_below = models.PositiveIntegerField(
        _("lease stock below (units)"),
        default=0,
        help_text=_(
            "An article with no more units than this is shared out among the channels: none can sell another's units."
            " 0: only articles that were chosen by hand."
        ),
    )
    stop_percent = models.PositiveSmallIntegerField(
        _("ask before a share of the stock falls to none (%)"),
        default=50,
        help_text=_(
            "A stock file that would empty more than this share of what has stock waits for a person; so does telling a"
            " channel that more than this share of what it shows is gone, where no sale explains it. 0: never ask."
        ),
    )
    stop_least = models.PositiveSmallIntegerField(
        _("and at least so many articles"), default=10, help_text=_("Fewer than this never ask.")
    )
    order_prefix = models.CharField(_("prefix of order numbers"), max_length=8, default="KG-")

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("company")
        constraints = [models.CheckConstraint(condition=models.Q(only=True), name="core_one_company")]

    def __str__(self) -> str:
        return self.name


@tracked()
class Brand(Record):
    """A name under which the company sells; orders, products and customers belong to one."""

    code = models.SlugField(_("code"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    locale = models.CharField(_("language of its mails"), max_length=8, default="ja")
    mail_from = models.EmailField(_("sender address"), blank=True)

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")

    def __str__(self) -> str:
        return self.name


class StateMove(Record):
    """One step of one state machine; written only by `states.move`."""

    append_only = True

    kind = models.CharField(max_length=60)
    subject = models.UUIDField()
    axis = models.CharField(max_length=30)
    old = models.CharField(max_length=30)
    new = models.CharField(max_length=30)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=300, blank=True)
    source_kind = models.CharField(max_length=60, blank=True)
    source_id = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["subject", "id"], name="core_statemove_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.axis}: {self.old} → {self.new}"


class AuditEntry(Record):
    """Something a person did: who, what, to which record, from where. Append-only."""

    append_only = True

    at = models.DateTimeField(default=clock.wall)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=80)
    kind = models.CharField(max_length=60, blank=True)
    subject = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [models.Index(fields=["subject", "id"], name="core_audit_subject")]

    def __str__(self) -> str:
        return f"{self.actor} {self.action}"


class SealingKey(Record):
    """The key that signs the audit trail's seals. Sealed itself, so that whoever owns the database alone can sign nothing."""

    sealed = models.BinaryField()  # the private half, Ed25519, raw
    made_at = models.DateTimeField(default=clock.wall)

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d}"


class AuditSeal(Record):
    """Audit entries in the order in which they were sealed: each seal's digest covers them and the seal before (audit_seals)."""

    append_only = True

    number = models.PositiveBigIntegerField(unique=True)  # 1, 2, 3 … without a gap
    at = models.DateTimeField(default=clock.wall)
    entries = ArrayField(models.UUIDField())
    digest = models.BinaryField(max_length=32)
    signature = models.BinaryField(max_length=64)
    key = models.ForeignKey(SealingKey, models.PROTECT)

    class Meta:
        indexes = [models.Index(fields=["at"], name="core_auditseal_at")]

    def __str__(self) -> str:
        return f"{self.number}"


class Lease(models.Model):
    """The right to do something alone for a while. `token` rises with every holder and fences off a late one."""

    name = models.CharField(max_length=120, primary_key=True)
    holder = models.CharField(max_length=120, blank=True)
    token = models.BigIntegerField(default=0)
    until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
