"""Stock: what lies where, what is promised of it, what each channel shows, and why every one of these numbers is what it is."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.catalog.models import Tracking, Variant
from apps.channels import services as channels
from apps.channels.models import Listing
from apps.core import audit, clock, keyset
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.flows import name_lots, push_stock, resync, set_aside
from apps.hub.models import Connection
from apps.inventory import queries as inventory
from apps.inventory import suggestions
from apps.inventory.errors import Refused
from apps.inventory.models import Aside, Demand, StockLevel
from apps.orders.models import Order
from apps.staff.parts import connections, demand, listed, naming_form, times, typed
from apps.staff.parts.frame import frame
from apps.staff.roles import needs
from apps.staff.templatetags import shown as figures

MOST_DEMANDS = 100
ONLY = ("", "waiting", "empty")


@dataclass(slots=True)
class Shown:
    """What one channel shows of an article, what it should show, and why the two may differ for now."""

    listing: Listing
    channel: str
    should: int
    why: str

    @property
    def differs(self) -> bool:
        """Whether what we believe it shows is not what it should show."""
        return self.listing.shown != self.should


@dataclass(slots=True)
class Row:
    """One level with what the channels show of its article."""

    level: StockLevel
    shown: list[Shown] = field(default_factory=list)


@needs("stock.view")
@require_safe
def stock(request: HttpRequest) -> HttpResponse:
    """The list of levels by SKU; `?q=` barcode or beginning of SKU or title, `?only=` waiting or empty."""
    words = request.GET.get("q", "").replace("\0", "").strip()[:80]
    only = request.GET.get("only", "")
    only = only if only in ONLY else ""
    page = keyset.page(
        inventory.levels(words, only=only), ("variant__sku", "id"), after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )  # fmt: skip
    blind = push_stock.blind()
    shown = _shown({level.variant_id for level in page.rows}, blind)
    rows = [Row(level, shown[level.variant_id]) for level in page.rows]
    context = frame()[0] | {"rows": rows, "page": page, "search": words, "only": only, "place": "staff:stock"}
    context["blind"] = listed.blind_now(connections.all_of_them(), blind)
    return render(request, "staff/stock.html", context)


@needs("stock.view")
@require_safe
def why(request: HttpRequest, level_id: UUID) -> HttpResponse:
    """Why one level's numbers are what they are: causes that add up, who holds, who waits, what channels show, movements."""
    return _why(request, level_id)


def _why(
    request: HttpRequest, level_id: UUID, *, error: str = "", wrong: naming_form.Wrong | None = None, status: int = 200
) -> HttpResponse:
    level = StockLevel.objects.select_related("variant__product", "location").filter(id=level_id).first()
    if level is None:
        raise Http404
    holding, waiting = inventory.holding(level, MOST_DEMANDS), inventory.waiting(level, MOST_DEMANDS)
    page = keyset.page(
        level.movements.all(), ("id",), newest_first=True, size=30, after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )  # fmt: skip
    currency = Company.objects.values_list("currency", flat=True).first() or "JPY"
    context = {
        "level": level,
        "explained": inventory.why(level),
        "currency": currency,
        "worth": figures.money(level.value_minor, currency),
        "shown": _shown({level.variant_id}, push_stock.blind())[level.variant_id],
        "shrinkages": inventory.shrinkages(level, 10),
        "page": page,
        "holding": _with_orders(holding),
        "waiting": _with_orders(waiting),
        "orders": _orders_of_movements(page.rows),
        "most": MOST_DEMANDS,
        "forecast": _forecast(level),
        "aside": [(why, getattr(level, why.value)) for why in Aside if why is not Aside.EXPIRED],
        "cause": uuid7(),
        "naming": naming_form.section(level, posted=request.POST, wrong=wrong),
        "today": clock.business_date(),
        "error": error,
        "place": "staff:stock",
    }
    return render(request, "staff/stock_why.html", frame()[0] | context, status=status)


@needs("stock.adjust")
@require_POST
def aside(request: HttpRequest, level_id: UUID) -> HttpResponse:
    """Units are set aside for a reason, or brought back. `cause` is the form's own, so that it counts once."""
    level = StockLevel.objects.filter(id=level_id).first()
    if level is None:
        raise Http404
    reason, units = request.POST.get("reason", "").strip(), request.POST.get("units", "")
    deed = set_aside.bring_back if request.POST.get("way") == "back" else set_aside.set_aside
    try:
        if request.POST.get("why") not in Aside:
            raise Refused(_("Choose why the units are not for sale."))
        deed(
            level, Aside(request.POST["why"]), typed.whole(units), cause=typed.ident(request.POST.get("cause", "")) or uuid7(),
            actor=audit.actor_of(request), reason=reason,
        )  # fmt: skip
    except Refused as refused:
        return _why(request, level_id, error=str(refused), status=409)
    messages.success(request, _("Saved."))
    return redirect("staff:stock_why", level_id)


@needs("stock.adjust")
@require_POST
def name(request: HttpRequest, level_id: UUID) -> HttpResponse:
    """Units without a lot become units of the one that was typed, or get the serial numbers, one a line: all or none."""
    level = StockLevel.objects.select_related("variant").filter(id=level_id).first()
    if level is None:
        raise Http404
    is_serial = level.variant.tracking == Tracking.SERIAL
    try:
        names = naming_form.names(request.POST, variant=level.variant)
        seen = typed.whole(request.POST.get("seen", "") or "0")
        made = name_lots.name(level, names, seen=seen, actor=audit.actor_of(request))
    except naming_form.Wrong as wrong:
        return _why(request, level_id, wrong=wrong, status=409)
    except Refused as refused:
        beside = naming_form.Wrong("lot_numbers" if is_serial else "lot_number", str(refused))
        return _why(request, level_id, wrong=beside, status=409)
    if is_serial:
        words = ngettext("%(n)d serial number is kept.", "%(n)d serial numbers are kept.", len(made)) % {"n": len(made)}
    else:
        words = _("%(n)d units are of lot %(number)s.") % {"n": names[0].units, "number": made[0].number}
    messages.success(request, words)
    return redirect(reverse("staff:stock_why", args=[level_id]) + "#lots-t")


def _forecast(level: StockLevel) -> dict[str, Any] | None:
    """What is expected of the level and what to order for it; None before the first night."""
    (suggestion,) = suggestions.of(list(suggestions.rows(only="all").filter(level=level))) or (None,)
    if suggestion is None:
        return None
    row = suggestion.forecast
    return {
        "of": row, "suggestion": suggestion, "units": demand.units(row), "error": demand.error(row),
        "days": row.lead_days + row.review_days,
    }  # fmt: skip


@needs("connections.retry")
@require_POST
def tell_again(request: HttpRequest, variant_id: UUID) -> HttpResponse:
    """Every channel is told again what is free of this article."""
    variant = Variant.objects.filter(id=variant_id).first()
    if variant is None:
        raise Http404
    resync.sku(variant, actor=audit.actor_of(request))
    messages.success(request, _("Every channel is being told what is free of %(sku)s.") % {"sku": variant.sku})
    level = StockLevel.objects.filter(variant=variant).order_by("id").first()
    return redirect("staff:stock_why", level.id) if level else redirect("staff:stock")


def _shown(variants: set[UUID], blind: Mapping[UUID, push_stock.Blind]) -> dict[UUID, list[Shown]]:
    """What channels show of these articles and what they should show, over all places where stock lies."""
    found: dict[UUID, list[Shown]] = defaultdict(list)
    if not variants:
        return found
    rows = {row.id: row for row in connections.all_of_them()}
    listings = Listing.objects.filter(variant__in=variants).select_related("connection", "connection__rule")
    listings = listings.order_by("connection", "id")
    wanted = channels.wanted(listings, unheard=push_stock.unheard(blind))
    for listing in listings:
        should = wanted[listing.id]
        row = rows[listing.connection_id]
        found[listing.variant_id].append(Shown(listing, row.name, should, _why_shown(listing, row, should, blind)))
    return found


def _why_shown(listing: Listing, row: Connection, should: int, blind: Mapping[UUID, push_stock.Blind]) -> str:
    """Why a channel shows what it shows."""
    if row.status == Connection.Status.NEEDS_RECONNECT:
        return _("the connection must be reconnected")
    if row.status == Connection.Status.PAUSED or "stock.write" in row.paused_abilities:
        return _("stock sync is paused")
    if not connections.with_ability([row], "stock.write"):
        return _("this channel cannot be told")
    if row.id in blind:
        words = _("blind: nothing heard since %(at)s; it keeps what it shows")
        return words % {"at": times.moment(blind[row.id].since)}
    if listing.shown is None:
        return _("not told yet")
    if listing.is_dirty or listing.shown != should:
        return _("a change is on its way")
    if listing.buffer:
        return _("free units less a buffer of %(n)d") % {"n": listing.buffer}
    return _("free units")


def _with_orders(demands: list[Demand]) -> list[dict[str, Any]]:
    """Demands with the orders that they belong to."""
    orders = Order.objects.filter(id__in={demand.group for demand in demands}).in_bulk()
    return [{"demand": demand, "order": orders.get(demand.group)} for demand in demands]


def _orders_of_movements(movements: Any) -> dict[UUID, Order]:
    """For movements that an order caused: which order."""
    sources = [row.source_id for row in movements if row.source_kind == "demand"]
    groups = dict(Demand.objects.filter(id__in=sources).values_list("id", "group"))
    orders = Order.objects.filter(id__in=set(groups.values())).in_bulk()
    return {source: orders[group] for source, group in groups.items() if group in orders}
