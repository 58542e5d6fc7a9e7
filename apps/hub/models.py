"""Connections and everything that came in or goes out: PostgreSQL rows are the queue, the broker is only a doorbell.

An inbox entry is one body as received (sealed), its events are the notices in it; an outbox fact is what happened here, a
delivery is one call that follows from it, an attempt one try of it.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.history import tracked
from apps.core.models import Brand, Record


# Health is written by every call; only what people decide is kept.
@tracked(
    fields=[
        "brand",
        "connector",
        "name",
        "settings",
        "status",
        "paused_abilities",
        "shadowed_abilities",
        "silent_after_hours",
    ]
)
class Connection(Record):
    """One account at one outside system. Settings are plain, credentials sealed in `Credential`."""

    class Status(models.TextChoices):
        SETUP = "setup", _("being set up")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        NEEDS_RECONNECT = "needs_reconnect", _("reconnect needed")

    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name=_("brand"))
    connector = models.CharField(_("connector"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.ACTIVE)
    paused_abilities = models.JSONField(_("paused capabilities"), default=list, blank=True)
    # Writes that are made up and shown, and never sent (X110).
    shadowed_abilities = models.JSONField(_("capabilities in shadow"), default=list, blank=True)
    # Health, written by whoever speaks with the vendor; wall or business time as the event was.
    last_heard_at = models.DateTimeField(_("last heard"), null=True, blank=True)
    last_ok_at = models.DateTimeField(_("last success"), null=True, blank=True)
    last_error_at = models.DateTimeField(_("last error"), null=True, blank=True)
    last_error = models.CharField(_("last error text"), max_length=300, blank=True)
    refused_count = models.PositiveIntegerField(_("refused notices"), default=0)
    repeated_count = models.PositiveIntegerField(_("repeated notices"), default=0)
    repaired_count = models.PositiveIntegerField(_("things found only at night"), default=0)
    silent_after_hours = models.PositiveSmallIntegerField(_("counts as silent after (hours)"), default=26)
    held_until = models.DateTimeField(_("vendor asked to wait until"), null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")

    def __str__(self) -> str:
        return self.name


class Trial(Record):
    """Something a person asked of a connection while setting it up: a worker asks the vendor, the screen waits for this row.

    It reads and never writes, so that one which was begun by a worker that died is simply asked again.
    """

    class Kind(models.TextChoices):
        CHECK = "check", _("test call")
        PREVIEW = "preview", _("preview")

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="trials")
    kind = models.CharField(max_length=8, choices=Kind)
    asked_at = models.DateTimeField(default=clock.wall)
    asked_by = models.CharField(max_length=150)
    since = models.DateTimeField(null=True)  # a preview's: what changed from then on
    leased_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    is_ok = models.BooleanField(null=True)
    reason = models.CharField(max_length=400, blank=True)
    found = models.JSONField(default=dict)  # figures and SKUs; no names of people, no secrets

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind"], condition=models.Q(done_at=None), name="hub_one_open_trial"
            )
        ]
        indexes = [models.Index(fields=["connection", "kind", "-id"], name="hub_trial_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.connection_id}"


class Credential(Record):
    """One secret of a connection, usable only for the host it was given for. Write-only on screens."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="credentials")
    name = models.CharField(max_length=60)
    host = models.CharField(max_length=255, blank=True)
    sealed = models.BinaryField()
    hint = models.CharField(max_length=12, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    set_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="hub_one_credential_a_name")]

    def __str__(self) -> str:
        return f"{self.name} •••{self.hint}"


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


class ExternalId(Record):
    """Their id and ours: UNIQUE (connection, kind, external_id)."""

    connection = models.ForeignKey(Connection, models.PROTECT, db_index=False)  # hub_one_external_id begins with it
    kind = models.CharField(max_length=30)
    external_id = models.CharField(max_length=160)
    subject = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "external_id"], name="hub_one_external_id")
        ]
        indexes = [models.Index(fields=["subject"], name="hub_external_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class Cursor(Record):
    """How far a poll has read; each run goes back by an overlap, because vendors' clocks and indexes lag."""

    connection = models.ForeignKey(Connection, models.CASCADE)
    name = models.CharField(max_length=60)
    read_until = models.DateTimeField()
    read_at = models.DateTimeField()  # when everything that the look brought lay in the inbox
    looks = models.PositiveBigIntegerField(default=0)  # how many were completed; a clock may be put back, this never is

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="hub_one_cursor")]

    def __str__(self) -> str:
        return f"{self.name} {self.read_until:%Y-%m-%d %H:%M}"


class Repair(Record):
    """How many things of a kind a connection did not tell of by itself on one day, and who found them."""

    class By(models.TextChoices):
        POLL = "poll", _("a look at its orders")
        GAP = "gap", _("a missing number")
        NIGHT = "night", _("the night")

    class Kind(models.TextChoices):
        ORDER = "order", _("order")
        CANCEL = "cancel", _("cancellation")
        PAYMENT = "payment", _("payment")
        STOCK = "stock", _("stock")

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="repairs")
    day = models.DateField()
    by = models.CharField(max_length=8, choices=By)
    kind = models.CharField(max_length=8, choices=Kind)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "connection", "by", "kind"], name="hub_one_count_of_repairs")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind}: {self.count}"


class MissingNumber(Record):
    """A number between two orders of a channel that counts without gaps, of which nothing has been heard."""

    connection = models.ForeignKey(Connection, models.CASCADE)
    number = models.BigIntegerField()
    found_at = models.DateTimeField()
    asked = models.PositiveSmallIntegerField(default=0)  # how often the channel was asked for it
    ask_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "number"], name="hub_one_missing_number")]

    def __str__(self) -> str:
        return str(self.number)


class FieldMap(Record):
    """A merchant's own mapping of a connection's words, versioned: {"payment_method": {"COD": "cod"}, …}."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="field_maps")
    version = models.PositiveIntegerField()
    tables = models.JSONField(_("tables"), default=dict)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = _("field map")
        verbose_name_plural = _("field maps")
        constraints = [models.UniqueConstraint(fields=["connection", "version"], name="hub_one_map_a_version")]

    def __str__(self) -> str:
        return f"{self.connection} v{self.version}"


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
