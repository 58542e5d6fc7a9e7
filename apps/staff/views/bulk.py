"""One deed for many orders: first what will happen and what will leave the house, then, when a person says so, the deed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from apps.core import audit
from apps.flows import hold_order
from apps.orders import queries as orders
from apps.orders.models import Order, OrderHold
from apps.orders.states import AllocationState
from apps.staff.parts.frame import frame
from apps.staff.roles import needs
from apps.staff.views import desk

MOST = 200
ACTIONS = ("release", "assign", "tag")


@dataclass(slots=True)
class Fate:
    """What will become of some of the picked orders, in words; `is_stuck` ones do not get further by this."""

    words: str
    numbers: list[str] = field(default_factory=list)
    is_stuck: bool = False


@needs("orders.hold")
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Preview (dialog or page) of `action` on the picked orders; with `confirm`, the deed itself."""
    action = request.POST.get("action", "")
    picked = _picked(request)
    back = _back(request)
    if action not in ACTIONS or not picked:
        messages.warning(request, _("Pick at least one order."))
        return _to(request, back)
    if request.POST.get("confirm"):
        error = _do(action, picked, request)
        if not error:
            return _to(request, back)
    else:
        error = ""
    context = {
        "action": action, "picked": picked, "back": back, "error": error, "people": desk.people() if action == "assign" else [],
        "fates": _fates(picked) if action == "release" else [], "value": request.POST.get("value", ""),
        "releasable": [order for order in picked if order.is_held],
    }  # fmt: skip
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "staff/_bulk.html", context)
    return render(request, "staff/bulk.html", context | frame()[0] | {"place": "staff:desk"})


def _picked(request: HttpRequest) -> list[Order]:
    ids = []
    for text in request.POST.getlist("order")[:MOST]:
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    return list(Order.objects.filter(id__in=ids).order_by("placed_at", "id"))


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if wanted.startswith("/") and is_ours else reverse("staff:desk")


def _to(request: HttpRequest, address: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def _fates(picked: Sequence[Order]) -> list[Fate]:
    """Where each held order goes when its holds end; what keeps an order for another reason is said."""
    held = [order for order in picked if order.is_held]
    no_address = set(
        OrderHold.objects.filter(order__in=held, released_at=None, reason="no_address").values_list("order", flat=True)
    )
    groups: dict[str, Fate] = {}

    def put(key: str, words: str, order: Order, *, is_stuck: bool = False) -> None:
        groups.setdefault(key, Fate(words, is_stuck=is_stuck)).numbers.append(order.number)

    for order in picked:
        if not order.is_held:
            put("free", _("not on hold: nothing changes"), order)
        elif order.id in no_address:
            put("address", _("will not get a label: the address is incomplete"), order, is_stuck=True)
        elif order.payment in orders.OWES:
            put("unpaid", _("go on to “Awaiting payment”"), order)
        elif order.allocation != AllocationState.FULL:
            put("short", _("go on to “Awaiting stock”"), order)
        else:
            put("ready", _("go on to “Ready to ship”"), order)
    return list(groups.values())


def _do(action: str, picked: Sequence[Order], request: HttpRequest) -> str:
    """The deed; returns what is wrong with the form, or nothing."""
    actor = audit.actor_of(request)
    value = request.POST.get("value", "").strip()
    if action == "release":
        held = [order for order in picked if order.is_held]
        hold_order.release_all(held, actor=actor)
        n = len(held)
        messages.success(request, ngettext("Released %(n)d order.", "Released %(n)d orders.", n) % {"n": n})
        return ""
    if action == "assign":
        if value and value not in desk.people():
            return _("Choose somebody from the list.")
        _write(picked, "order.assigned", actor, {"assignee": value}, assignee=value[:150])
    else:
        if not value or len(value) > 40:
            return _("Give the tag a name of at most 40 characters.")
        with transaction.atomic():
            for order in (
                Order.objects.filter(id__in=[o.id for o in picked]).order_by("id").select_for_update(no_key=True)
            ):
                if value not in order.tags:
                    order.tags = [*order.tags, value]
                    order.save(update_fields=["tags"])
                    audit.record("order.tagged", actor=actor, subject=order, detail={"tag": value})
    n = len(picked)
    messages.success(request, ngettext("Changed %(n)d order.", "Changed %(n)d orders.", n) % {"n": n})
    return ""


def _write(picked: Sequence[Order], action: str, actor: str, detail: dict[str, Any], **fields: Any) -> None:
    with transaction.atomic():
        Order.objects.filter(id__in=[order.id for order in picked]).update(**fields)
        for order in picked:
            audit.record(action, actor=actor, subject=order, detail=detail)
