"""The drawings of a payment and of a refund."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    EXPECTED = "expected", _("expected")
    AUTHORISED = "authorised", _("authorised")
    CAPTURED = "captured", _("captured")
    CANCELLED = "cancelled", _("cancelled")
    FAILED = "failed", _("failed")


class RefundStatus(models.TextChoices):
    REQUESTED = "requested", _("requested")
    SUCCEEDED = "succeeded", _("refunded")
    FAILED = "failed", _("failed")


S, R = Status, RefundStatus

MOVES = {
    S.EXPECTED: frozenset({S.AUTHORISED, S.CAPTURED, S.CANCELLED, S.FAILED}),
    S.AUTHORISED: frozenset({S.CAPTURED, S.CANCELLED, S.FAILED}),
    S.FAILED: frozenset({S.EXPECTED, S.AUTHORISED, S.CAPTURED, S.CANCELLED}),
    S.CAPTURED: frozenset[str](),
    S.CANCELLED: frozenset[str](),
}

REFUND_MOVES = {
    R.REQUESTED: frozenset({R.SUCCEEDED, R.FAILED}),
    R.FAILED: frozenset({R.REQUESTED}),
    R.SUCCEEDED: frozenset[str](),
}
