"""Messages to customers, and what is told to the people of the house: what was said to whom, when, and whether it left.

The text is kept as sent. An alert is one cause that a person should know of; it is open until its cause is gone, and of one
cause there is one open alert. A notice is one message that told somebody of alerts; of one alert an address hears once.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Record
from apps.hub.models import Connection


class Message(Record):
    """One letter. (template, source_id) is unique: the same cause never writes twice."""

    class Status(models.TextChoices):
        READY = "ready", _("ready")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    order_ref = models.UUIDField(null=True)
    customer_ref = models.UUIDField(null=True)
    connection = models.ForeignKey(Connection, models.PROTECT, null=True, verbose_name=_("sent by"))
    template = models.CharField(_("template"), max_length=60)
    source_id = models.UUIDField()
    locale = models.CharField(_("language"), max_length=8)
    to = models.CharField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=255)
    text = models.TextField(_("text"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.READY)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [models.UniqueConstraint(fields=["template", "source_id"], name="messaging_one_a_cause")]
        indexes = [models.Index(fields=["order_ref", "id"], name="messaging_by_order")]

    def __str__(self) -> str:
        return self.subject


class Alert(Record):
    """One cause that a person should know of. `since`: when it was first seen; `opened_at`: when it last came back; `times`: how
    often it came. What it says is made of `facts` in the reader's language (flows/alert_kinds.py).
    """

    class Severity(models.IntegerChoices):
        NOTE = 1, _("good to know")
        ACT = 2, _("needs a look")
        URGENT = 3, _("urgent")

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=120)
    severity = models.PositiveSmallIntegerField(choices=Severity)
    facts = models.JSONField(default=dict)
    since = models.DateTimeField()
    opened_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=models.Q(closed_at=None), name="messaging_one_open_alert"
            )
        ]
        indexes = [
            models.Index(fields=["kind", "subject", "-since"], name="messaging_alert_again"),
            models.Index(fields=["opened_at", "id"], condition=models.Q(closed_at=None), name="messaging_alert_open"),
            models.Index(
                fields=["closed_at", "id"], condition=models.Q(closed_at__isnull=False), name="messaging_alert_gone"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class AlertLook(Record):
    """A person has seen an alert, or wants to be reminded of it at `until`. Of one that came back since it says nothing."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="looks", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "person"], name="messaging_one_look")]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.person_id}"


class AlertChoice(Record):
    """How one person wants to be told through one connection: from which severity on, of which kinds, at once or in the morning.

    `to` is the address there (empty where the connection leads to one place by itself), `muted` are the kinds left out: one
    that is new is told.
    """

    class When(models.TextChoices):
        AT_ONCE = "at_once", _("at once")
        MORNING = "morning", _("in the morning, gathered")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, db_index=False)
    connection = models.ForeignKey(Connection, models.CASCADE)
    is_on = models.BooleanField(default=False)
    to = models.CharField(max_length=254, blank=True)
    least = models.PositiveSmallIntegerField(choices=Alert.Severity, default=Alert.Severity.ACT)
    muted = models.JSONField(default=list)
    when = models.CharField(max_length=8, choices=When, default=When.AT_ONCE)
    locale = models.CharField(max_length=8, default="ja")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "connection"], name="messaging_one_choice")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.connection_id}"


class AlertNotice(Record):
    """One message that told an address of so many alerts, of none where somebody tried the way; whether it left says its delivery,
    whose subject it is.
    """

    connection = models.ForeignKey(Connection, models.PROTECT, db_index=False)
    to = models.CharField(max_length=254, blank=True)
    locale = models.CharField(max_length=8)
    subject = models.CharField(max_length=255)
    text = models.TextField()
    count = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["connection", "to", "-at"], name="messaging_notice_last"),
            models.Index(fields=["at"], name="messaging_notice_age"),
        ]

    def __str__(self) -> str:
        return self.subject


class AlertNote(Record):
    """An address has been told of an alert. Unique, so that nobody hears twice of one, whoever else wanted to be told there."""

    alert = models.ForeignKey(Alert, models.CASCADE, db_index=False)
    connection = models.ForeignKey(Connection, models.PROTECT)
    to = models.CharField(max_length=254, blank=True)
    notice = models.ForeignKey(AlertNotice, models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "connection", "to"], name="messaging_told_once")]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.to}"
