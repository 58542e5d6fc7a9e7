"""Listings: what each channel sells of ours, by which link, at which price and number; and what nobody has linked yet.

A person's link, and the word that something is none of ours, outlive every import. Who said it stands on the listing's page.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.db.models.functions import Upper
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from apps.catalog.models import Variant
from apps.channels import linking, queries
from apps.channels.errors import Refused
from apps.channels.models import Listing
from apps.core import audit, keyset, states
from apps.core.models import AuditEntry
from apps.flows import link_listings, push_stock, stop_falls
from apps.hub import doorbell
from apps.staff import deeds
from apps.staff.parts import connections, listed, typed
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

MOST_FOUND = 20
DEEDS = {
    "listing.linked": gettext_lazy("linked"), "listing.parted": gettext_lazy("link taken away"),
    "listing.set_aside": gettext_lazy("not ours"), "listing.matched_again": gettext_lazy("left to SKU and barcode again"),
    "listing.ruled": gettext_lazy("rule of this listing changed"),
}  # fmt: skip


@needs("stock.view")
@require_safe
def listings(request: HttpRequest) -> HttpResponse:
    """The list by SKU; `?only=` unlinked, waiting, refused, stopped, blind or not_ours, `?channel=`, `?q=`."""
    words = request.GET.get("q", "").replace("\0", "").strip()[:80]
    only = request.GET.get("only", "")
    only = only if only in queries.ONLY else ""
    all_ = connections.all_of_them()
    channels = connections.with_ability(all_, "catalogue")
    channel = next((row for row in channels if str(row.id) == request.GET.get("channel", "")), None)
    blind = push_stock.blind()
    page = keyset.page(
        queries.listings(words, only=only, channel=channel.id if channel else None, blind=blind), queries.KEYS,
        after=request.GET.get("after", ""), before=request.GET.get("before", ""),
    )  # fmt: skip
    also = {"unlinked": linking.unlinked(), "refused": queries.troubled(), "stopped": queries.stops()}
    context, counts = frame(also=also)
    context |= {
        "rows": listed.rows(page.rows, blind=blind), "page": page, "search": words, "only": only, "at": channel,
        "channels": channels, "counted": {name: counts[name] for name in also}, "blind": listed.blind_now(all_, blind),
        "stops": list(queries.stops()[:20]), "place": "staff:stock",
    }  # fmt: skip
    return render(request, "staff/listings.html", context)


@needs("stock.view")
@require_safe
def listing(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    """One listing; `?find=` searches our articles for it."""
    return _page(request, listing_id)


def _page(request: HttpRequest, listing_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    row = Listing.objects.select_related("connection", "connection__rule", "variant").filter(id=listing_id).first()
    if row is None:
        raise Http404
    (shown,) = listed.rows([row], blind=push_stock.blind())
    find = request.GET.get("find", request.POST.get("find", "")).replace("\0", "").strip()[:80]
    entries = AuditEntry.objects.filter(subject=str(row.id), kind="channels.listing").order_by("-id")[:30]
    context = frame()[0] | {
        "row": row, "shown": shown, "error": error, "find": find,
        "found": _candidates(row, find) if row.variant_id is None else [],
        "deeds": [{"of": entry, "words": DEEDS.get(entry.action, entry.action)} for entry in entries],
        "is_open": row.variant_id is None and row.link != Listing.Link.NOT_OURS, "place": "staff:stock",
    }  # fmt: skip
    return render(request, "staff/listing.html", context, status=status)


def _candidates(row: Listing, find: str) -> list[dict[str, Any]]:
    """Our articles that it may be: what was searched for, else those with its barcode, SKU or the beginning of its title."""
    ours = Variant.objects.annotate(sku_upper=Upper("sku"), title_upper=Upper("title"))
    if find:
        start = find.upper()
        wanted = Q(barcode=find) | Q(sku_upper__startswith=start) | Q(title_upper__startswith=start)
    else:
        wanted = Q(pk__in=[])
        if row.barcode:
            wanted |= Q(barcode=row.barcode)
        if row.sku:
            wanted |= Q(sku_upper=row.sku.upper())
        if len(row.title) >= 4:
            wanted |= Q(title_upper__startswith=row.title[:8].upper())
    found = list(ours.filter(wanted).order_by("sku")[:MOST_FOUND])
    found.sort(key=lambda variant: not (variant.barcode and variant.barcode == row.barcode))  # the likeliest first
    taken = Listing.objects.filter(connection=row.connection, variant__in=found)
    held = {listing.variant_id: listing for listing in taken}
    return [{"of": variant, "held": held.get(variant.id)} for variant in found]


_do = deeds.Deeds(Listing, _page, "staff:listing").do


@needs("listings.manage")
@require_POST
def link(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    """It is this article (`variant`, or a `code`)."""

    def deed(request: HttpRequest, row: Listing) -> str:
        chosen = typed.ident(request.POST.get("variant", ""))
        variant = Variant.objects.filter(id=chosen).first() if chosen else typed.article(request.POST.get("code", ""))
        if variant is None:
            raise Refused(_("Choose an article."))
        note = request.POST.get("note", "").strip()
        link_listings.link(row.id, variant, actor=audit.actor_of(request), note=note)
        return _("Linked to %(sku)s. The channel is being told what is free of it.") % {"sku": variant.sku}

    return _do(request, listing_id, deed)


@needs("listings.manage")
@require_POST
def part(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    """The link is taken away; `not_ours`: nobody is asked again."""

    def deed(request: HttpRequest, row: Listing) -> str:
        note, actor = request.POST.get("note", "").strip(), audit.actor_of(request)
        if request.POST.get("not_ours"):
            link_listings.set_aside(row.id, actor=actor, note=note)
            return _("It is kept as none of ours. Nothing is told, and nobody is asked again.")
        link_listings.part(row.id, actor=actor, note=note)
        return _("The link is taken away. The channel is told nothing of it until it is linked again.")

    return _do(request, listing_id, deed)


@needs("listings.manage")
@require_POST
def match_again(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    """SKU and barcode decide again."""

    def deed(request: HttpRequest, row: Listing) -> str:
        found = link_listings.match_again(row.id, actor=audit.actor_of(request))
        if found.variant is None:
            return _("Neither SKU nor barcode leads to an article of ours.")
        return _("Linked to %(sku)s.") % {"sku": found.variant.sku}

    return _do(request, listing_id, deed)


@needs("listings.manage")
@require_POST
def rule(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    """What holds for this listing alone: units held back, and a price of its own."""

    def deed(request: HttpRequest, row: Listing) -> str:
        buffer, price = request.POST.get("buffer", "").strip(), request.POST.get("own_price", "").strip()
        link_listings.rule(
            row.id, buffer=typed.whole(buffer or "0"), own_price=typed.number(price) if price else None,
            actor=audit.actor_of(request),
        )  # fmt: skip
        return _("Saved.")

    return _do(request, listing_id, deed)


@needs("listings.manage")
@require_POST
def decide(request: HttpRequest, stop_id: UUID) -> HttpResponse:
    """What a breaker stopped: `let_pass` tells the channel, `keep` leaves it as it is."""
    stop = queries.stops().filter(id=stop_id).first()
    if stop is None:
        messages.warning(request, _("It is not waiting any more. Nothing was changed."))
        return redirect("staff:listings")
    try:
        if request.POST.get("decision") == "let_pass":
            stop_falls.let_pass(stop, actor=audit.actor_of(request))
            doorbell.ring()
            messages.success(request, _("%(name)s is being told.") % {"name": stop.connection.name})
        else:
            stop_falls.keep(stop, actor=audit.actor_of(request))
            messages.success(
                request, _("%(name)s keeps what it shows until the cause is gone.") % {"name": stop.connection.name}
            )
    except (states.Overtaken, states.IllegalMove):
        messages.warning(request, deeds.TOO_LATE)
    return redirect("staff:listings")
