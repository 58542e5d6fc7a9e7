"""What a new shop still lacks, read from the rows there are: a set-up that was left is taken up where it was."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.models import Brand, Company
from apps.hub.models import Connection
from apps.inventory.models import Location


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the set-up. Without a `is_needed` step nothing can be sold; the others may wait."""

    name: str
    label: Any
    words: Any
    is_done: Callable[[], bool]
    is_needed: bool = True


STEPS = (
    Step("company", _("Company"), _("Name, address, registration number, currency, time zone"), Company.objects.exists),
    Step("brand", _("Brands"), _("The names under which you sell"), Brand.objects.exists),
    Step("location", _("Places"), _("Where the goods lie and parcels leave from"), Location.objects.exists),
    Step(
        "tax", _("Taxes"), _("The rates of your country and how tax is rounded"),
        Company.objects.exclude(tax_checked_at=None).exists, is_needed=False,
    ),
    Step(
        "connection", _("First connection"), _("Your shop, a marketplace, a carrier or a payment provider"),
        Connection.objects.exists, is_needed=False,
    ),
)  # fmt: skip
BY_NAME = {step.name: step for step in STEPS}


def progress() -> list[tuple[Step, bool]]:
    """Every step and whether it is done."""
    return [(step, step.is_done()) for step in STEPS]


def following(name: str) -> Step | None:
    """The first step after this one that is not done; None at the end."""
    names = [step.name for step in STEPS]
    return next((step for step in STEPS[names.index(name) + 1 :] if not step.is_done()), None)


def lacks_anything_needed() -> bool:
    """Whether the shop could not sell yet."""
    return any(step.is_needed and not step.is_done() for step in STEPS)
