"""Connections: what they are, the credentials they hold, how far they were read, and what people asked of them."""

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
    failures_in_a_row = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    held_until = models.DateTimeField(_("vendor asked to wait until"), null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")

    def __str__(self) -> str:
        return self.name


class Trial(Record):
    """Something a person asked of a connection while setting it up: a worker asks the vendor, the screen waits for this row.

    It writes nothing at the vendor, so that one which was begun by a worker that died is simply asked again.
    """

    class Kind(models.TextChoices):
        CHECK = "check", _("test call")
        PREVIEW = "preview", _("preview")
        IMPORT = "import", _("first import")

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="trials")
    kind = models.CharField(max_length=8, choices=Kind)
    asked_at = models.DateTimeField(default=clock.wall)
    asked_by = models.CharField(max_length=150)
    since = models.DateTimeField(null=True)  # a preview's: what changed from then on
    makes_variants = models.BooleanField(default=False)  # an import's: articles that are not known here are made
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


class WayIn(Record):
    """Somebody went to a vendor to let Kurogo in; the state that they took along, as a digest, and the proof that it was us."""

    connection = models.ForeignKey(Connection, models.CASCADE)
    state = models.BinaryField(max_length=32, unique=True)
    sealed = models.BinaryField()  # the verifier of PKCE
    person = models.CharField(max_length=150)
    redirect_uri = models.CharField(max_length=300)
    made_at = models.DateTimeField(default=clock.wall)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.connection_id} {self.person}"


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
