"""The drawing of a shipment."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    PLANNED = "planned", _("planned")
    LABELLED = "labelled", _("label is there")
    SHIPPED = "shipped", _("shipped")
    DELIVERED = "delivered", _("delivered")
    RETURNED = "returned", _("came back")
    LOST = "lost", _("lost")
    CANCELLED = "cancelled", _("cancelled")


S = Status

MOVES = {
    S.PLANNED: frozenset({S.LABELLED, S.SHIPPED, S.CANCELLED}),
    S.LABELLED: frozenset({S.SHIPPED, S.CANCELLED}),
    S.SHIPPED: frozenset({S.DELIVERED, S.RETURNED, S.LOST}),
    S.DELIVERED: frozenset({S.RETURNED}),
    S.LOST: frozenset({S.DELIVERED, S.RETURNED}),
    S.RETURNED: frozenset[str](),
    S.CANCELLED: frozenset[str](),
}
