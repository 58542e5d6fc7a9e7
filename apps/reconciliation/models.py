"""What the other side says (statements, payouts, money lines) and where the two sides differ, with evidence and a state.

A difference is unique per (class, connection, thing, period): a second run finds it again and changes nothing.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Record
from apps.hub.models import Connection


class Statement(Record):
    """One night's look at one source: what was read, how fresh it was, what came of it."""

    class Verdict(models.TextChoices):
        MATCHED = "matched", _("matched")
        DIFFERENT = "different", _("differences")
        STALE = "stale", _("no answer")
        FAILED = "failed", _("failed")

    connection = models.ForeignKey(Connection, models.PROTECT)
    leg = models.CharField(max_length=12)  # orders, stock, money, payouts
    period = models.CharField(max_length=20)  # the night's day, 2026-11-23
    verdict = models.CharField(max_length=10, choices=Verdict)
    read_at = models.DateTimeField()
    source_until = models.DateTimeField(null=True)
    theirs = models.PositiveIntegerField(default=0)
    ours = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    repaired = models.PositiveIntegerField(default=0)
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        constraints = [
            models.UniqueConstraint(fields=["connection", "leg", "period"], name="reconciliation_one_statement")
        ]
        indexes = [models.Index(fields=["period", "leg"], name="reconciliation_statement_night")]

    def __str__(self) -> str:
        return f"{self.connection} {self.leg} {self.period}"


class Payout(Record):
    """Money a provider sent to the bank."""

    connection = models.ForeignKey(Connection, models.PROTECT)
    provider_id = models.CharField(max_length=120)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    arrives_on = models.DateField()
    status = models.CharField(max_length=12)
    raw_status = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    lines_minor = models.BigIntegerField(null=True)  # sum of its lines, once read
    period = models.CharField(max_length=20, blank=True, default="")  # the night that read them

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        constraints = [models.UniqueConstraint(fields=["connection", "provider_id"], name="reconciliation_one_payout")]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.amount_minor} {self.currency}"


class MoneyLine(Record):
    """One movement on a provider's account, as the provider lists it. Append-only.

    It is matched to a payment of ours (`payment_ref`, of a refund the payment that it gives back), or a difference names it,
    or it is a fee; a line that is none of these is unexplained.
    """

    append_only = True

    connection = models.ForeignKey(Connection, models.PROTECT)
    payout = models.ForeignKey(Payout, models.PROTECT, null=True, related_name="lines")
    provider_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=12)
    raw_kind = models.CharField(max_length=60, blank=True)
    source_id = models.CharField(max_length=120, blank=True)
    payment_id = models.CharField(max_length=120, blank=True, default="")  # the provider's
    refund_id = models.CharField(max_length=120, blank=True, default="")  # the provider's
    payment_ref = models.UUIDField(null=True)
    difference = models.ForeignKey("Difference", models.PROTECT, null=True, related_name="lines")
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("money line")
        verbose_name_plural = _("money lines")
        constraints = [
            models.UniqueConstraint(fields=["connection", "provider_id"], name="reconciliation_one_money_line"),
            models.CheckConstraint(
                condition=models.Q(net_minor=models.F("amount_minor") - models.F("fee_minor")),
                name="reconciliation_line_adds_up",
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection", "payment_id"], name="reconciliation_lines_of", condition=~models.Q(payment_id="")
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.net_minor}"


class Difference(Record):
    """Two sides that do not agree, in one class, with what each says, and what became of it."""

    class Kind(models.TextChoices):
        ORDER_MISSING_HERE = "order_missing_here", _("order missing here")
        ORDER_MISSING_THERE = "order_missing_there", _("order missing at the channel")
        STOCK_DRIFT = "stock_drift", _("stock differs")
        PAYMENT_AMOUNT = "payment_amount", _("payment amount differs")
        PAYMENT_STATUS = "payment_status", _("payment status differs")
        PAYOUT_SUM = "payout_sum", _("payout does not add up")

    class State(models.TextChoices):
        OPEN = "open", _("needs a decision")
        REPAIRED = "repaired", _("repaired")
        ACCEPTED = "accepted", _("accepted")

    kind = models.CharField(_("class"), max_length=30, choices=Kind)
    connection = models.ForeignKey(Connection, models.PROTECT)
    thing = models.CharField(max_length=160)  # the other side's id of the order, listing, payment or payout
    period = models.CharField(max_length=20)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    order_ref = models.UUIDField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    ours_minor = models.BigIntegerField(null=True)
    theirs_minor = models.BigIntegerField(null=True)
    unexplained_minor = models.BigIntegerField(default=0)
    evidence = models.JSONField(_("evidence"), default=dict)
    found_at = models.DateTimeField(_("found"))
    assignee = models.CharField(_("assignee"), max_length=150, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=150, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "connection", "thing", "period"], name="reconciliation_one_difference"
            )
        ]
        indexes = [
            models.Index(fields=["period", "id"], name="reconciliation_night"),
            models.Index(fields=["-id"], name="reconciliation_open", condition=models.Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.thing}"


class StockDrift(Record):
    """A part of what one channel showed otherwise than we did on one night, with its cause. Append-only.

    The parts of one listing and night add up to the difference; `value_minor` is what these units sell for by list price.
    """

    append_only = True

    class Cause(models.TextChoices):
        EDITED = "edited", _("edited at the channel")
        MISSED = "missed", _("missed event")
        WRONG_LINK = "wrong_link", _("wrong link")
        LATE = "late", _("late acknowledgement")
        OURS = "ours", _("our own fault")

    connection = models.ForeignKey(Connection, models.PROTECT)
    period = models.CharField(max_length=20)
    thing = models.CharField(max_length=160)  # the other side's id of the listing
    sku = models.CharField(max_length=64)
    part = models.PositiveSmallIntegerField(default=0)
    cause = models.CharField(_("cause"), max_length=12, choices=Cause)
    units = models.IntegerField()  # theirs less ours
    value_minor = models.BigIntegerField(null=True)  # None: the article has no list price
    currency = models.CharField(max_length=3)
    evidence = models.JSONField(default=dict)
    found_at = models.DateTimeField()

    class Meta:
        verbose_name = _("stock drift")
        verbose_name_plural = _("stock drifts")
        constraints = [
            models.UniqueConstraint(
                fields=["period", "connection", "thing", "part"], name="reconciliation_one_part_of_a_drift"
            )
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.units:+d} {self.sku}"
