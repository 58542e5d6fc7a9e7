"""The drawing of how a variant is offered: shared by all channels, becoming leased, leased."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.states import Moves


class SellingState(models.TextChoices):
    SHARED = "shared", _("shared")
    LEASING = "leasing", _("becoming leased")
    LEASED = "leased", _("leased")


S = SellingState

MOVES: Moves = {
    S.SHARED: frozenset({S.LEASING}),
    S.LEASING: frozenset({S.LEASED, S.SHARED}),
    S.LEASED: frozenset({S.SHARED}),
}
