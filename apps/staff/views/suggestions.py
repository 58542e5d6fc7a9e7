"""Purchase suggestions: what to order, how much and why, by last night's forecast; how far off it has been stands beside it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.core import audit, keyset
from apps.hub.models import JobRun
from apps.inventory import suggestions as inventory
from apps.inventory.errors import Refused
from apps.inventory.models import Location
from apps.inventory.models.replenishment import NEVER
from apps.inventory.suggestions import Suggestion
from apps.staff.parts import demand, typed
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

MOST = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One suggestion in words."""

    of: Suggestion
    expected: str
    error: str
    why: list[str]
    lasts: str


@needs("stock.view")
@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """What to order, most urgent first; `?only=` late or all, `?at=` a location, `?q=` barcode or beginning of SKU or title."""
    words = request.GET.get("q", "").replace("\0", "").strip()[:80]
    only = request.GET.get("only", "")
    only = only if only in inventory.ONLY else ""
    places = list(Location.objects.filter(is_active=True).order_by("name", "id"))
    place = next((row for row in places if str(row.id) == request.GET.get("at", "")), None)
    page = keyset.page(
        inventory.rows(words, only=only, location=place.id if place else None), inventory.KEYS,
        after=request.GET.get("after", ""), before=request.GET.get("before", ""),
    )  # fmt: skip
    context, found = frame(also={"due": inventory.rows(), "late": inventory.rows(only="late")})
    context |= {
        "rows": [_row(one) for one in inventory.of(page.rows)], "page": page, "search": words, "only": only,
        "places": places, "at": place, "due": found["due"], "late": found["late"], "told": _told(),
        "place": "staff:stock",
    }  # fmt: skip
    return render(request, "staff/suggestions.html", context)


@needs("purchases.order")
@require_POST
def draft(request: HttpRequest) -> HttpResponse:
    """Drafts of purchase orders for the picked suggestions; nothing leaves the house by it."""
    picked = [one for text in request.POST.getlist("forecast")[:MOST] if (one := typed.ident(text))]
    try:
        made = inventory.draft(picked, actor=audit.actor_of(request))
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("staff:suggestions")
    if made.orders:
        numbers = ", ".join(order.number for order in made.orders)
        messages.success(request, _("Drafted: %(numbers)s. Nothing has been sent yet.") % {"numbers": numbers})
    elif not made.unsold:
        messages.warning(request, _("Nothing of this has to be ordered any more."))
    if made.unsold:
        skus = ", ".join(made.unsold[:8]) + (" …" if len(made.unsold) > 8 else "")
        messages.warning(
            request, _("No supplier is known for %(skus)s. Enter one in the record room.") % {"skus": skus}
        )
    if len(made.orders) == 1:
        return redirect("staff:purchase", made.orders[0].id)
    return redirect("staff:purchases" if made.orders else "staff:suggestions")


def _told() -> Any:
    """When the forecasts were made last; None before the first night."""
    done = JobRun.objects.filter(job="forecast", finished_at__isnull=False, error="").order_by("-due_at")
    return done.values_list("finished_at", flat=True).first()


def _row(one: Suggestion) -> Row:
    row = one.forecast
    lasts = ""
    if 0 < row.lasts_days < NEVER:
        lasts = ngettext("for %(n)d day", "for %(n)d days", row.lasts_days) % {"n": row.lasts_days}
    return Row(one, demand.units(row), demand.error(row), demand.why(one), lasts)
