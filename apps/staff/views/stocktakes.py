"""Stocktakes: the list, a new one, and counting by scanner, thumb or paper. Who counts blind is shown no number of the book.

What was counted is kept on the rows at once, so that several people may count one sheet and nothing is lost with a phone; only
the last answer is kept in the session of the person who scans.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from apps.core import audit, clock, keyset
from apps.inventory import count_sheets, scans
from apps.inventory import stocktakes as service
from apps.inventory.count_sheets import Progress
from apps.inventory.errors import Refused
from apps.inventory.models import Location, Stocktake, StocktakeLine, StrayCode
from apps.inventory.scans import Scan, Scanned
from apps.inventory.states import StocktakeState
from apps.inventory.stocktakes import Plan
from apps.staff import deeds
from apps.staff.parts import results, typed
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

_SESSION = "count"
SHOWN_COUNTED, SHOWN_LEFT, TYPED_AT_ONCE, MOST_CHOSEN = 12, 25, 200, 500


@needs("stock.view")
@require_safe
def stocktakes(request: HttpRequest) -> HttpResponse:
    """The list, newest first; `?only=` counted or all, `?q=` number or place."""
    words = request.GET.get("q", "").replace("\0", "").strip()[:60]
    only = request.GET.get("only", "")
    only = only if only in count_sheets.ONLY else ""
    page = keyset.page(
        count_sheets.stocktakes(only=only, words=words), ("id",), newest_first=True, after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )  # fmt: skip
    far = count_sheets.progress(row.id for row in page.rows)
    rows = [{"sheet": row, "far": far.get(row.id, Progress())} for row in page.rows]
    context = frame()[0] | {"rows": rows, "page": page, "only": only, "search": words, "place": "staff:stock"}
    return render(request, "staff/stocktakes.html", context)


@needs("stock.adjust")
@require_GET
def new(request: HttpRequest) -> HttpResponse:
    """The form of a new stocktake."""
    return _form(request)


@needs("stock.adjust")
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """A sheet is opened."""
    place = typed.ident(request.POST.get("location", ""))
    location = Location.objects.filter(id=place).first() if place else None
    codes = request.POST.get("skus", "").replace("\0", "").replace(",", "\n").split("\n")[:MOST_CHOSEN]
    scope = request.POST.get("scope", "")
    try:
        if location is None or scope not in Stocktake.Scope.values:
            raise Refused(_("Choose where and what is to be counted."))
        chosen = [typed.article(code).id for code in codes if code.strip()] if scope == Stocktake.Scope.LIST else []
        plan = Plan(
            location=location, scope=scope, beginning=request.POST.get("beginning", "").replace("\0", "").strip(), variants=chosen,
            is_blind="open" not in request.POST, note=request.POST.get("note", "").replace("\0", "").strip(),
        )  # fmt: skip
        made = service.open_sheet(plan, actor=audit.actor_of(request))
    except Refused as refused:
        return _form(request, error=str(refused), status=409)
    return redirect("staff:stocktake", made.id)


def _form(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    context = frame()[0] | {
        "locations": Location.objects.filter(is_active=True).order_by("-is_default", "name"),
        "scopes": Stocktake.Scope.choices, "scope": request.POST.get("scope", Stocktake.Scope.ALL), "error": error,
        "place": "staff:stock",
    }  # fmt: skip
    return render(request, "staff/stocktake_new.html", context, status=status)


@needs("stock.view")
@require_safe
def stocktake(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """One stocktake: the counting page while it is counted, what came of it afterwards."""
    return _page(request, sheet_id)


def _page(request: HttpRequest, sheet_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    sheet = _sheet(sheet_id)
    far = count_sheets.progress([sheet.id]).get(sheet.id, Progress())
    context: dict[str, Any] = frame()[0] | {
        "sheet": sheet, "far": far, "strays": count_sheets.unknown(sheet.id), "error": error, "place": "staff:stock",
    }  # fmt: skip
    if sheet.state != StocktakeState.COUNTING:
        return render(request, "staff/stocktake.html", context | results.of(sheet), status=status)
    answer = request.session.get(_SESSION, {})
    context |= {
        "answer": answer if answer.get("sheet") == str(sheet.id) else {}, "me": audit.actor_of(request),
        "rows": count_sheets.counted_last(sheet.id, limit=SHOWN_COUNTED),
        "left": count_sheets.not_counted(sheet.id, limit=SHOWN_LEFT), "more_left": max(0, far.left - SHOWN_LEFT),
    }  # fmt: skip
    is_part = bool(request.htmx) and not error  # type: ignore[attr-defined]
    template = "staff/_sheet.html" if is_part else "staff/stocktake_count.html"
    return render(request, template, context | {"is_part": is_part}, status=status)


def _sheet(sheet_id: UUID) -> Stocktake:
    row = Stocktake.objects.select_related("location").filter(id=sheet_id).first()
    if row is None:
        raise Http404
    return row


@needs("stock.adjust")
@require_POST
def scan(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """One code was read; `anyway` counts an article that this stocktake does not mean."""
    code = request.POST.get("code", "").replace("\0", "").strip()[:80]

    def deed() -> dict[str, Any]:
        anyway = bool(request.POST.get("anyway"))
        return _answer(scans.scan(sheet_id, code, actor=audit.actor_of(request), anyway=anyway), code)

    return _say(request, sheet_id, deed if code else None, code)


@needs("stock.adjust")
@require_POST
def put(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """The number of a row, typed: all that lies there, or (`how` = add) so many more."""

    def deed() -> dict[str, Any]:
        line = typed.ident(request.POST.get("line", ""))
        if line is None:
            raise Http404
        units, adds = typed.whole(request.POST.get("units", "")), request.POST.get("how") == "add"
        return _counted(service.put(sheet_id, line, units, actor=audit.actor_of(request), adds=adds))

    return _say(request, sheet_id, deed)


@needs("stock.adjust")
@require_POST
def undo(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """The last thing that this person counted was not meant."""

    def deed() -> dict[str, Any]:
        line = service.undo(sheet_id, actor=audit.actor_of(request))
        if line is None:
            return {"is": "idle", "said": _("Nothing to take back"), "what": ""}
        return _counted(line) | {"is": "idle", "undone": True}

    return _say(request, sheet_id, deed)


@needs("stock.adjust")
@require_POST
def name(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """Somebody says what an unknown code is."""

    def deed() -> dict[str, Any]:
        stray = typed.ident(request.POST.get("stray", ""))
        if stray is None:
            raise Http404
        article = typed.article(request.POST.get("sku", "").replace("\0", ""))
        return _counted(service.name_stray(sheet_id, stray, article, actor=audit.actor_of(request)))

    return _say(request, sheet_id, deed)


@needs("stock.adjust")
@require_POST
def take_back(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """A scan of an unknown code was not meant."""

    def deed() -> dict[str, Any]:
        stray = typed.ident(request.POST.get("stray", ""))
        if stray is None:
            raise Http404
        with transaction.atomic():
            row = service.take_back_stray(sheet_id, stray, actor=audit.actor_of(request))
            detail = {"code": row.code, "left": row.units}
            audit.record(
                "stocktake.code_taken_back", actor=audit.actor_of(request), subject=row.stocktake, detail=detail
            )
        return {"is": "idle", "said": str(row.units), "what": row.code, "undone": True}

    return _say(request, sheet_id, deed)


def _say(
    request: HttpRequest, sheet_id: UUID, deed: Callable[[], dict[str, Any]] | None, what: str = ""
) -> HttpResponse:
    """Do it, and answer on the counting page; what is refused is said there, too, beside the field of the scanner."""
    try:
        if deed:
            request.session[_SESSION] = deed() | {"sheet": str(sheet_id)}
    except (Stocktake.DoesNotExist, StocktakeLine.DoesNotExist, StrayCode.DoesNotExist):
        raise Http404 from None
    except Refused as refused:
        request.session[_SESSION] = {"is": "bad", "said": str(refused), "what": what, "sheet": str(sheet_id)}
        if not request.htmx:  # type: ignore[attr-defined]
            return _page(request, sheet_id, error=str(refused), status=409)
    if request.htmx:  # type: ignore[attr-defined]
        if _sheet(sheet_id).state != StocktakeState.COUNTING:  # closed meanwhile: the page itself says so
            answer = HttpResponse(status=204)
            answer["HX-Refresh"] = "true"
            return answer
        return _page(request, sheet_id)
    return redirect("staff:stocktake", sheet_id)


def _answer(scanned: Scanned, code: str) -> dict[str, Any]:
    """What a scan came to, in words."""
    if scanned.line is not None:
        is_sold = scanned.variant is None or scanned.variant.is_active
        return _counted(scanned.line) | ({} if is_sold else {"is": "act", "also": _("no longer sold; counted")})
    if scanned.outcome is Scan.OUTSIDE and scanned.variant:
        words = _("This stocktake does not count this article.")
        return {"is": "bad", "said": words, "what": scanned.variant.title, "anyway": code}
    words = _("Unknown code. It is kept below; put the piece aside.")
    return {"is": "bad", "said": words, "what": code}


def _counted(line: StocktakeLine) -> dict[str, Any]:
    """The row as it stands, large."""
    variant = line.level.variant
    return {
        "is": "ok", "said": "–" if line.counted is None else str(line.counted), "what": variant.title, "sku": variant.sku,
        "line": str(line.id), "also": _("moved while it was counted; count again or enter the number") if line.is_moved else "",
    }  # fmt: skip


@needs("stock.adjust")
@require_POST
def close(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """Counting is over."""

    def deed(request: HttpRequest, sheet: Stocktake) -> str:
        rest = request.POST.get("rest", "")
        if rest not in {"stay", "empty"} and count_sheets.progress([sheet.id]).get(sheet.id, Progress()).left:
            raise Refused(_("Some rows were not counted. Say what they mean."))
        service.close(sheet.id, actor=audit.actor_of(request), rest_is_empty=rest == "empty")
        request.session.pop(_SESSION, None)
        audit.record("stocktake.counted", actor=audit.actor_of(request), subject=sheet)
        return _("%(number)s waits for a second person now.") % {"number": sheet.number}

    return deeds.Deeds(Stocktake, _page, "staff:stocktake").do(request, sheet_id, deed)


@needs("stock.adjust")
@require_safe
def paper(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """The printed sheet, and the fields into which its numbers are typed."""
    return _paper(request, sheet_id)


def _paper(request: HttpRequest, sheet_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    sheet = _sheet(sheet_id)
    rows = count_sheets.not_counted(sheet.id)
    now = clock.now().astimezone(clock.shop_zone())
    context = frame()[0] | {
        "sheet": sheet, "rows": rows, "error": error, "status": status, "place": "staff:stock", "now": now,
        "fields": [{"line": row, "units": request.POST.get(f"units-{row.id}", "")} for row in rows[:TYPED_AT_ONCE]],
        "more": max(0, len(rows) - TYPED_AT_ONCE), "said_at": request.POST.get("said_at", now.strftime("%Y-%m-%dT%H:%M")),
        "is_open": sheet.state == StocktakeState.COUNTING,
    }  # fmt: skip
    return render(request, "staff/stocktake_paper.html", context, status=status)


@needs("stock.adjust")
@require_POST
def put_paper(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """Numbers from paper: all that were typed, or none. Empty fields are left alone."""
    sheet = _sheet(sheet_id)
    try:
        numbers = {}
        for key, text in request.POST.items():
            line = typed.ident(key.removeprefix("units-")) if key.startswith("units-") else None
            if line and text.strip():
                numbers[line] = typed.whole(text)
        if not numbers:
            raise Refused(_("Enter at least one number."))
        said_at = _moment(request.POST.get("said_at", ""), sheet)
        done = service.put_paper(sheet_id, numbers, said_at=said_at, actor=audit.actor_of(request))
    except Refused as refused:
        return _paper(request, sheet_id, error=str(refused), status=409)
    words = ngettext("%(n)d row was counted.", "%(n)d rows were counted.", len(done)) % {"n": len(done)}
    messages.success(request, words)
    return redirect("staff:stocktake_paper", sheet_id)


def _moment(text: str, sheet: Stocktake) -> datetime:
    """When paper was filled in, by the shop's clock, to the minute; the minute of opening and the present one are within.

    Raises `Refused`.
    """
    try:
        said = parse_datetime(text.strip())
    except ValueError:
        said = None
    if said is None:
        raise Refused(_("Enter when this was counted."))
    said = said if said.tzinfo else said.replace(tzinfo=clock.shop_zone())
    now = clock.now()
    for limit in (now, sheet.made_at):
        if said == limit.replace(second=0, microsecond=0):
            return limit
    return said
