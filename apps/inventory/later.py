"""Units sold for later: never more wait under a promised day than the merchant's cap allows.

What somebody waits for beyond the cap (a channel sold what it no longer showed) waits like any other and is marked `beyond`.
A policy is changed under the lock of its variant's levels, which every sale takes, so that both see one policy.
"""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.core import clock
from apps.inventory.errors import NoLocation
from apps.inventory.levels import Desk
from apps.inventory.models import BackorderPolicy, Demand

Choice = BackorderPolicy.Choice


def sell(desk: Desk, demands: Iterable[Demand]) -> None:
    """What of new demands waits within the cap, in the order given; changed in memory, before the levels count them."""
    short = [demand for demand in demands if demand.waiting]
    if not short:
        return
    variants = {desk.levels[demand.level_id].variant_id for demand in short}
    policies = _open(variants)
    waiting = dict.fromkeys(policies, 0)
    for level in desk.levels.values():
        if level.variant_id in waiting:
            waiting[level.variant_id] += level.backordered
    for demand in short:
        variant = desk.levels[demand.level_id].variant_id
        if variant in policies:
            demand.later = max(0, min(demand.waiting, policies[variant].cap - waiting[variant]))
            demand.beyond = demand.waiting - demand.later
            waiting[variant] += demand.waiting


def settle(demand: Demand) -> None:
    """Fewer units wait than before: those beyond the cap are served first."""
    demand.later = min(demand.later, demand.waiting)
    demand.beyond = min(demand.beyond, demand.waiting - demand.later)


def promised(demands: Iterable[Demand]) -> dict[UUID, date]:
    """line -> the day it is promised for, of new demands of which something is sold for later; a bundle waits for its last."""
    later = [demand for demand in demands if demand.later]
    if not later:
        return {}
    policies, today = _open({demand.level.variant_id for demand in later}), clock.business_date()
    days: dict[UUID, date] = {}
    for demand in later:
        day = policies[demand.level.variant_id].day(today)
        days[demand.subject] = max(day, days.get(demand.subject, day))
    return days


def why_not(policy: BackorderPolicy) -> dict[str, str]:
    """Why a policy cannot be kept, by field, in sentences for a person. Locks the variant's levels; save it in the same
    transaction.
    """
    wrong: dict[str, str] = {}
    if policy.choice == Choice.NONE:
        return wrong
    today = clock.business_date()
    if policy.cap < 1:
        wrong["cap"] = _("Say how many units may be sold for later.")
    if (policy.promised_on is None) == (policy.promised_days is None):
        wrong["promised_on"] = _("Promise either a day or a number of days.")
    elif policy.promised_on is not None and policy.promised_on < today:
        wrong["promised_on"] = _("This day has passed.")
    if policy.choice == Choice.PREORDER:
        if policy.until is None:
            wrong["until"] = _("A preorder needs its last day.")
        elif policy.until < today:
            wrong["until"] = _("This day has passed.")
        elif policy.promised_on is not None and policy.promised_on < policy.until:
            wrong["promised_on"] = _("Promise a day after the preorder ends.")
    if policy.variant.components.exists():
        wrong["variant"] = _("A bundle is sold for later as its articles are: set it for these.")
    try:
        Desk.of_variants([policy.variant_id], actor="settings")
    except NoLocation:
        return wrong | {"variant": _("No place takes new orders yet. Mark one first.")}
    sold = _sold(policy.variant_id)
    if "cap" not in wrong and policy.cap < sold:
        wrong["cap"] = _(
            "%(n)d units are sold for later already. Fewer cannot be allowed; choose “%(none)s” to sell no more."
        ) % {"n": sold, "none": Choice.NONE.label}  # fmt: skip
    return wrong


def keep(policy: BackorderPolicy) -> None:
    """Write a policy that `why_not` has nothing against; what holds from now on follows its choice."""
    policy.is_open = policy.choice != Choice.NONE
    if policy.choice != Choice.PREORDER:
        policy.until = None
    policy.save()


def close_due() -> list[UUID]:
    """Preorders whose last day has passed end; returns their variants."""
    due = BackorderPolicy.objects.filter(is_open=True, choice=Choice.PREORDER, until__lt=clock.business_date())
    variants = set(due.values_list("variant", flat=True))
    if variants:
        Desk.of_variants(variants, actor="settings")
        due.filter(variant__in=variants).update(is_open=False)
    return sorted(variants)


def _open(variants: Iterable[UUID]) -> dict[UUID, BackorderPolicy]:
    rows = BackorderPolicy.objects.filter(variant__in=set(variants), is_open=True)
    return {row.variant_id: row for row in rows}


def _sold(variant: UUID) -> int:
    return Demand.objects.filter(level__variant=variant, later__gt=0).aggregate(n=Sum("later"))["n"] or 0
