"""Clients of the API, and the answers that repeats of a write get."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication

from apps.core import clock
from apps.core.models import Record


class Client(AbstractApplication):
    """A program that may use the API; its secret is kept hashed, its tokens too, and it may do what its scopes say."""

    scopes = models.JSONField(_("scopes"), default=list)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    made_by = models.CharField(_("made by"), max_length=150)

    class Meta(AbstractApplication.Meta):
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")

    def is_usable(self, request: object) -> bool:
        """Whether it may have tokens now (asked by the provider with each request)."""
        return self.ended_at is None and (self.expires_at is None or self.expires_at > clock.wall())


class Answered(Record):
    """What a write was answered, under the client's own key: a repeat gets the same, another body under the key is refused.

    Begun before the write, filled in the write's own transaction: one that died in between may be made again.
    """

    client = models.ForeignKey(Client, models.CASCADE)
    key = models.CharField(max_length=255)
    digest = models.BinaryField(max_length=32)  # of method, path and body
    begun_at = models.DateTimeField(default=clock.wall)
    leased_until = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    sealed = models.BinaryField(null=True)  # the answer's body; it may name people

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="api_one_answer_a_key")]
        indexes = [models.Index(fields=["begun_at"], name="api_answered_age")]

    def __str__(self) -> str:
        return self.key
