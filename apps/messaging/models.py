"""Messages to customers: what was said to whom, when, and whether it left. The text is kept as sent."""

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
