"""Why an order leaves from where it leaves, in words."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.models import Company
from apps.inventory.models import SourcingDecision
from apps.staff.templatetags import shown


def sentences(decision: SourcingDecision) -> list[str]:
    """One sentence for each reason."""
    return [_WORDS[one["code"]](one["facts"]) if one["code"] in _WORDS else one["code"] for one in decision.reasons]


def _money(minor: int) -> str:
    currency = Company.objects.values_list("currency", flat=True).first() or "JPY"
    return shown.money(minor, currency)


def _split(facts: Mapping[str, Any]) -> str:
    return _("It leaves in parts: from %(places)s.") % {"places": _(", ").join(facts["places"])}


def _nearest(facts: Mapping[str, Any]) -> str:
    return _("That is nearest: about %(km)s km, the next best %(other_km)s km.") % facts


def _cheapest(facts: Mapping[str, Any]) -> str:
    words = _("Parcels cost least from there: %(minor)s, the next best %(other)s.")
    return words % {"minor": _money(facts["minor"]), "other": _money(facts["other_minor"])}


def _too_many(facts: Mapping[str, Any]) -> str:
    words = _("The rest waits at %(place)s: it would become %(needed)s parcels, and at most %(most)s are allowed.")
    return words % facts


def _short(facts: Mapping[str, Any]) -> str:
    words = ngettext("%(units)d unit waits at %(place)s: it lies nowhere.",
                     "%(units)d units wait at %(place)s: they lie nowhere.", facts["units"])  # fmt: skip
    return words % facts


def _moved(facts: Mapping[str, Any]) -> str:
    words = ngettext("%(units)d unit that waited came free at %(place)s and leaves from there.",
                     "%(units)d units that waited came free at %(place)s and leave from there.", facts["units"])  # fmt: skip
    return words % facts


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "from_one": lambda facts: _("It leaves from %(place)s.") % facts,
    "split": _split,
    "holds_most": lambda _facts: _("Nothing else holds as much of it."),
    "by_one_place": lambda _facts: _("There it lies together."),
    "by_nearest": _nearest,
    "by_cheapest": _cheapest,
    "fewest_parcels": lambda _facts: _("That takes the fewest parcels."),
    "by_default": lambda _facts: _("No rule prefers another place."),
    "too_many_parcels": _too_many,
    "short": _short,
    "moved": _moved,
}
