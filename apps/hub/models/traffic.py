"""What came in and what goes out, row by row; and the runs of files and jobs."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Record
from apps.hub.models.connections import Connection


class InboxEntry(Record):
    """One body as it was received, sealed. The digest of connection, topic, event id and body is unique."""

    connection = models.ForeignKey(Connection, models.PROTECT)
    digest = models.BinaryField(max_length=32, unique=True)
    topic = models.CharField(max_length=80, blank=True)
    origin = models.CharField(max_length=12)  # hook, poll, answer, file
    received_at = models.DateTimeField()
    size = models.PositiveIntegerField()
    sealed = models.BinaryField(null=True)  # emptied by retention

    class Meta:
        indexes = [models.Index(fields=["connection", "-id"], name="hub_entry_by_connection")]

    def __str__(self) -> str:
        return f"{self.topic} {self.id}"


class InboxEvent(Record):
    """One notice: (connection, event_id) is unique, so that a repeat adds no row."""

    class Status(models.TextChoices):
        NEW = "new", _("new")
        DONE = "done", _("done")
        WAITING = "waiting", _("waits for another thing")
        SET_ASIDE = "set_aside", _("set aside")
        IGNORED = "ignored", _("nothing to do")

    entry = models.ForeignKey(InboxEntry, models.PROTECT, related_name="events")
    connection = models.ForeignKey(Connection, models.PROTECT)
    event_id = models.CharField(max_length=200)
    topic = models.CharField(max_length=80)
    subject = models.CharField(max_length=120, blank=True)
    said_at = models.DateTimeField()
    received_at = models.DateTimeField()
    part = models.PositiveIntegerField(default=0)  # which part of the entry's body, where one body carries many
    sealed = models.BinaryField(null=True)  # the part's own raw body; null means the entry's whole body
    status = models.CharField(max_length=12, choices=Status, default=Status.NEW)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    is_alone = models.BooleanField(default=False)  # its last attempt killed the process: next time it runs by itself
    waits_for = models.CharField(max_length=160, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "event_id"], name="hub_one_event")]
        indexes = [
            # In the order in which they are taken: a batch out of a long backlog reads a batch, and sorts nothing.
            models.Index(
                fields=["received_at", "id"],
                include=["due_at"],
                name="hub_event_next",
                condition=models.Q(status="new"),
            ),
            models.Index(fields=["waits_for"], name="hub_event_waits", condition=models.Q(status="waiting")),
            models.Index(fields=["status", "-id"], name="hub_event_status"),
            models.Index(fields=["subject", "id"], name="hub_event_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.event_id}"


class OutboxFact(Record):
    """Something that happened here. `sequence` is taken under the aggregate's lock, gapless per aggregate."""

    append_only = False

    kind = models.CharField(max_length=40)
    subject = models.UUIDField()
    sequence = models.PositiveIntegerField()
    topic = models.CharField(max_length=60)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)
    announced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "sequence"], name="hub_one_fact_a_number")]
        indexes = [models.Index(fields=["id"], name="hub_fact_unannounced", condition=models.Q(announced_at=None))]

    def __str__(self) -> str:
        return self.topic


class Delivery(Record):
    """One call that must leave the house once. (connection, key) is unique; the key is the same on every attempt."""

    class Status(models.TextChoices):
        DUE = "due", _("waiting")
        SENT = "sent", _("sent")
        UNKNOWN = "unknown", _("outcome unknown")
        WAITING = "waiting", _("waits for a person")
        DEAD = "dead", _("given up")
        LAPSED = "lapsed", _("lapsed: told anew")
        CANCELLED = "cancelled", _("cancelled")
        SHADOWED = "shadowed", _("shown, not sent")

    connection = models.ForeignKey(Connection, models.PROTECT)
    operation = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    subject = models.UUIDField()
    order_ref = models.UUIDField(null=True)
    fact = models.ForeignKey(OutboxFact, models.PROTECT, null=True)
    # The words to be sent, sealed. A fact's body is frozen here when announced, a state's (stock) when it is built; an
    # attempt with unknown outcome repeats this body under this key.
    sealed = models.BinaryField(null=True)
    size = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=12, choices=Status, default=Status.DUE)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    leased_by = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="hub_one_delivery_a_key")]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="hub_delivery_due", condition=models.Q(status__in=["due", "unknown"])
            ),
            models.Index(fields=["order_ref", "id"], name="hub_delivery_order"),
            models.Index(fields=["subject", "id"], name="hub_delivery_subject"),
            models.Index(fields=["connection", "status", "-id"], name="hub_delivery_log"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"


class Attempt(Record):
    """One try of one delivery. Append-only; what was sent and answered is sealed and redacted."""

    append_only = True

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="tries")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    wall_at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    outcome = models.CharField(
        max_length=16
    )  # sent, found, not_found, transient, limited, refused, misconfigured, unknown
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="hub_one_attempt_a_number")]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"


class FileRun(Record):
    """A file being taken in: how far, what was set aside. Resumable by `next_row`."""

    class Decision(models.TextChoices):
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")

    event = models.OneToOneField(InboxEvent, models.PROTECT)
    connection = models.ForeignKey(Connection, models.PROTECT)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    rows = models.PositiveIntegerField(default=0)
    next_row = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=400, blank=True)
    # A breaker has stopped it before anything was booked: `stopped` says why (fallen, stocked, skus), a person decides.
    stopped_at = models.DateTimeField(null=True)
    stopped = models.JSONField(default=dict, blank=True)
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_why = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [
            models.Index(
                fields=["id"], name="hub_file_undecided", condition=models.Q(stopped_at__isnull=False, decision="")
            )
        ]

    def __str__(self) -> str:
        return self.name


class SetAsideRow(Record):
    """A row of a file that could not be taken, with the reason a person can act on."""

    run = models.ForeignKey(FileRun, models.CASCADE, related_name="set_aside")
    row = models.PositiveIntegerField()
    reason = models.CharField(max_length=60)
    detail = models.CharField(max_length=300, blank=True)
    sealed = models.BinaryField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "row"], name="hub_one_set_aside_a_row")]

    def __str__(self) -> str:
        return f"{self.row}: {self.reason}"


class JobRun(Record):
    """One run of one scheduled job for one period; UNIQUE (job, period), so that two beats are harmless."""

    job = models.CharField(max_length=60)
    period = models.CharField(max_length=40)
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    token = models.PositiveIntegerField(default=0)
    progress = models.JSONField(default=dict)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        verbose_name = _("job run")
        verbose_name_plural = _("job runs")
        constraints = [models.UniqueConstraint(fields=["job", "period"], name="hub_one_run_a_period")]

    def __str__(self) -> str:
        return f"{self.job} {self.period}"
