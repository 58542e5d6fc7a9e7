"""The record room: Django's admin in Unfold's clothes, behind the same door as every other page.

It has no sign-in of its own. Its pages need a relaxed content security policy (Unfold's Alpine evaluates expressions,
its templates carry inline styles); the relaxation is set here and reaches no page outside /admin/.
"""

from collections.abc import Callable
from typing import Any

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from apps.staff import roles

_relaxed = csp_update({"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]})

SECTIONS = (
    ("shop", _("Shop"), ("core.company", "core.brand", "inventory.location", "auth.user", "auth.group", "core.auditentry")),
    ("goods", _("Goods and stock"), (
        "catalog.product", "catalog.variant", "channels.listing", "channels.sellingpolicy", "channels.channelrule",
        "inventory.backorderpolicy", "inventory.stocklevel", "inventory.lot", "inventory.stockmovement",
        "inventory.demand", "inventory.receipt", "inventory.stocktake", "inventory.sourcingrule", "inventory.sourcingdecision",
    )),
    ("buying", _("Purchasing"), (
        "inventory.supplier", "inventory.supplieritem", "inventory.reorderrule", "inventory.purchaseorder",
        "inventory.landedcost", "inventory.transfer",
    )),
    ("sales", _("Sales"), (
        "orders.order", "orders.return", "customers.customer", "payments.payment", "payments.refund", "shipping.shipment",
        "shipping.parcel", "messaging.message",
    )),
    ("books", _("Books"), (
        "ledger.entry", "ledger.account", "ledger.taxcode", "ledger.taxrate", "ledger.postingrule",
        "reconciliation.statement", "reconciliation.difference", "reconciliation.payout", "reconciliation.moneyline",
    )),
    ("traffic", _("Connections"), (
        "hub.connection", "hub.fieldmap", "hub.filerun", "hub.inboxevent", "hub.delivery", "hub.externalid", "hub.jobrun",
    )),
)  # fmt: skip


class RecordRoom(UnfoldAdminSite):
    """The one admin site."""

    index_title = _("Record room")

    def has_permission(self, request: HttpRequest) -> bool:
        """By ability, not by Django's is_staff flag: one table decides (roles.py)."""
        return roles.may(request.user, "records.view")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """What a merchant does there, not how the code is cut; an app's own page keeps Django's list."""
        known = super().get_app_list(request, app_label)
        if app_label:
            return known
        models = {model["model"]._meta.label_lower: model for app in known for model in app["models"]}
        return [
            {
                "name": words, "app_label": name, "app_url": reverse("admin:index"), "has_module_perms": True,
                "models": [models[label] for label in labels if label in models],
            }
            for name, words, labels in SECTIONS
            if any(label in models for label in labels)
        ]  # fmt: skip

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The house's own sign-in page; a signed-in person without the ability gets 403 from `admin_view`."""
        wanted = request.GET.get(auth.REDIRECT_FIELD_NAME, reverse("admin:index"))
        return redirect(f"{reverse('account_login')}?{urlencode({auth.REDIRECT_FIELD_NAME: wanted})}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Out of the whole house, to its front door."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        auth.logout(request)
        return redirect("staff:home")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The house's own page, which asks for the old password and keeps the count of attempts."""
        return redirect("account_change_password")

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        # The ability is asked for before Django asks, because Django answers with its sign-in page instead of 403.
        return _relaxed(roles.needs("records.view")(super().admin_view(view, cacheable)))
