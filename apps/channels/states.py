"""The drawings of how a variant is offered (shared by all channels, becoming leased, leased) and of what a breaker stopped."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.states import Moves


class SellingState(models.TextChoices):
    SHARED = "shared", _("shared")
    LEASING = "leasing", _("becoming leased")
    LEASED = "leased", _("leased")


class StopState(models.TextChoices):
    WAITING = "waiting", _("waits for a person")
    LET_PASS = "let_pass", _("told")
    KEPT = "kept", _("kept as shown")
    GONE = "gone", _("cause gone")


S, P = SellingState, StopState

MOVES: Moves = {
    S.SHARED: frozenset({S.LEASING}),
    S.LEASING: frozenset({S.LEASED, S.SHARED}),
    S.LEASED: frozenset({S.SHARED}),
}

STOP_MOVES: Moves = {
    P.WAITING: frozenset({P.LET_PASS, P.KEPT, P.GONE}),
    P.KEPT: frozenset({P.LET_PASS, P.GONE}),
    P.LET_PASS: frozenset[str](),
    P.GONE: frozenset[str](),
}
