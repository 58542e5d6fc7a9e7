"""Who may do what: one table of roles, one list of abilities; nothing else in the house decides about rights.

An ability is a plain word (`orders.ship`) and a Django permission (`staff.orders.ship`), so that a merchant may give it
to a group of their own. The five roles are groups that `apply` writes anew after every migrate; editing them by hand is
undone, making further groups is not. Records of the admin go by Django's own permissions, listed by app and model.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

User = Any  # django.contrib.auth's models cannot be imported before the registry is ready, and apps.py needs this file
View = Callable[..., HttpResponseBase]

ABILITIES = {
    "orders.view": _("see orders"),
    "orders.hold": _("hold and release orders, edit notes"),
    "orders.ship": _("pack and ship"),
    "orders.cancel": _("cancel orders"),
    "orders.refund": _("give money back"),
    "customers.edit": _("note what customers allowed"),
    "customers.privacy": _("give people their data and erase them"),
    "stock.view": _("see stock"),
    "stock.adjust": _("adjust stock"),
    "stock.approve": _("approve stocktakes that others counted"),
    "stock.value": _("see what stock is worth"),
    "listings.manage": _("link listings, set prices and numbers of channels"),
    "purchases.view": _("see purchase orders"),
    "purchases.order": _("order from suppliers and decide about surplus"),
    "purchases.cost": _("book landed costs"),
    "books.view": _("see the books and take them away as files"),
    "night.view": _("see the night's reconciliation"),
    "night.decide": _("decide about differences"),
    "connections.view": _("see connections and their log"),
    "connections.retry": _("send again and fetch again"),
    "connections.manage": _("set up, pause and change connections"),
    "payload.view": _("see what was sent and received, redacted"),
    "records.view": _("enter the record room"),
    "settings.manage": _("change settings, people and roles"),
}

VIEW, EDIT = ("view",), ("view", "add", "change", "delete")
# Apps whose records the record room shows; auth, core's audit and hub's payload tables are named apart.
SHOP = ("catalog", "customers", "inventory", "orders", "payments", "shipping", "channels", "messaging")
BOOKS = ("ledger", "reconciliation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One row of the table. `records` maps an app (`catalog`) or a model (`ledger.taxrate`) to verbs of the admin."""

    name: str
    label: Any
    needs_second_factor: bool = True
    abilities: Collection[str]
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _see(*places: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(places, VIEW)


ROLES = (
    Role(
        name="owner",
        label=_("owner"),
        abilities=tuple(ABILITIES),
        records=dict.fromkeys((*SHOP, *BOOKS, "core", "hub", "auth", "staff"), EDIT),
    ),
    Role(
        name="staff",
        label=_("staff"),
        abilities=(
            "orders.view", "orders.hold", "orders.ship", "orders.cancel", "orders.refund", "customers.edit", "stock.view",
            "stock.adjust", "stock.approve", "stock.value", "listings.manage", "purchases.view", "purchases.order",
            "purchases.cost", "night.view", "night.decide",
            "connections.view", "connections.retry", "payload.view", "records.view",
        ),
        records=_see(*SHOP, *BOOKS, "core.company", "core.brand", "hub")
        | dict.fromkeys(
            ("catalog", "customers", "inventory.supplier", "inventory.supplieritem", "inventory.reorderrule"), EDIT
        ),
    ),
    Role(
        name="warehouse",
        label=_("warehouse"),
        needs_second_factor=False,  # shared scanners on the packing bench have no phone beside them
        abilities=("orders.view", "orders.ship", "stock.view", "stock.adjust", "purchases.view"),
    ),
    Role(
        name="accountant",
        label=_("accountant"),
        abilities=(
            "orders.view", "orders.refund", "stock.view", "stock.value", "purchases.view", "purchases.cost", "books.view",
            "night.view", "night.decide", "connections.view", "records.view",
        ),
        records=_see(*SHOP, *BOOKS, "core.company", "core.brand")
        | dict.fromkeys(("ledger.account", "ledger.taxcode", "ledger.taxrate", "ledger.postingrule"), EDIT),
    ),
    Role(
        name="read-only",
        label=_("read-only"),
        abilities=(
            "orders.view", "stock.view", "stock.value", "purchases.view", "night.view", "connections.view", "records.view",
        ),
        records=_see(*SHOP, *BOOKS, "core.company", "core.brand"),
    ),
)  # fmt: skip
BY_NAME = {role.name: role for role in ROLES}


def may(user: User, ability: str) -> bool:
    """Whether the person has the ability. An unknown word is a mistake of the programmer, not a refusal."""
    if ability not in ABILITIES:
        raise LookupError(ability)
    return bool(user.is_active and user.has_perm(f"staff.{ability}"))


def abilities_of(user: User) -> frozenset[str]:
    """Everything the person may do."""
    return frozenset(ability for ability in ABILITIES if may(user, ability))


def needs(ability: str) -> Callable[[View], View]:
    """Guard a view: without the ability it answers 403. Reads `@needs("orders.ship")` above a view."""
    if ability not in ABILITIES:
        raise LookupError(ability)

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may(request.user, ability):
                raise PermissionDenied(ability)
            return view(request, *args, **kwargs)

        return guarded

    return guard


def needs_second_factor(user: User) -> bool:
    """Whether a password alone is not enough: true unless every role the person has is one that may do without."""
    if getattr(user, "is_superuser", False):
        return True
    held = user.groups.values_list("name", flat=True)
    exempt = {role.name for role in ROLES if not role.needs_second_factor}
    return not held or not set(held) <= exempt


def apply(using: str = "default") -> None:
    """Write the five roles into the groups and their permissions; a second run changes nothing."""
    groups = apps.get_model("auth.Group")
    every = {(p.content_type.app_label, p.codename): p for p in _permissions(using)}
    for role in ROLES:
        wanted = [every["staff", ability] for ability in role.abilities]
        for place, verbs in role.records.items():
            wanted += [every[key] for key in _codenames(place, verbs) if key in every]
        group, _made = groups.objects.using(using).get_or_create(name=role.name)
        group.permissions.set(wanted)


def after_migrate(*, using: str, **_signal: object) -> None:
    """Receiver of post_migrate: permissions exist only after all migrations (core.roles has the other such step)."""
    if connections[using].vendor == "postgresql" and _permissions(using).exists():
        apply(using)


def _permissions(using: str) -> Any:
    return apps.get_model("auth.Permission").objects.using(using).select_related("content_type")


def _codenames(place: str, verbs: tuple[str, ...]) -> list[tuple[str, str]]:
    app, _dot, model = place.partition(".")
    models = [model] if model else [m._meta.model_name for m in apps.get_app_config(app).get_models()]
    return [(app, f"{verb}_{name}") for name in models for verb in verbs]
