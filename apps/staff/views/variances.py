"""Differences of a stocktake, for the person who approves: largest first, by row, in units and money; approve or send back.

Nobody who counted blind sees these figures before the stocktake is approved: they might count it again.
"""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.core import audit
from apps.flows import approve_count
from apps.inventory import count_sheets, stocktakes, variances
from apps.inventory.count_sheets import Progress
from apps.inventory.models import Stocktake, StocktakeLine
from apps.inventory.purchasing import home_currency
from apps.inventory.states import StocktakeState
from apps.inventory.variances import Judged
from apps.staff import deeds
from apps.staff.parts import typed
from apps.staff.parts.frame import frame
from apps.staff.roles import may, needs

MOST = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One counted row, what it differs by, what that is worth, and promised units that it would take back."""

    line: StocktakeLine
    of: Judged
    value_minor: int
    below: int

    @property
    def size(self) -> tuple[int, int, int]:
        """Largest first: by money, then by units, then as on the sheet."""
        return (-abs(self.value_minor), -abs(self.of.difference), self.line.number)


@needs("stock.approve")
@require_safe
def differences(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """The differences; `?only=all` shows rows without one, too."""
    return _page(request, sheet_id)


def _page(request: HttpRequest, sheet_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    sheet = Stocktake.objects.select_related("location").filter(id=sheet_id).first()
    if sheet is None:
        raise Http404
    if sheet.state != StocktakeState.COUNTED:
        if error:
            messages.error(request, error)
        return redirect("staff:stocktake", sheet_id)
    no = variances.why_not(sheet, audit.actor_of(request))
    only = "all" if request.GET.get("only") == "all" else ""
    context = frame()[0] | {
        "sheet": sheet, "far": count_sheets.progress([sheet.id]).get(sheet.id, Progress()), "no": no, "error": error,
        "strays": count_sheets.unknown(sheet.id), "only": only, "currency": home_currency(), "place": "staff:stock",
        "is_hidden": bool(no) and sheet.is_blind, "picked": set(request.POST.getlist("line")),
    }  # fmt: skip
    if not context["is_hidden"]:
        lines = count_sheets.every_row(sheet.id)
        found = variances.judged(lines)
        rows = sorted((_row(line, found[line.id]) for line in lines), key=lambda row: row.size)
        differing = [row for row in rows if row.of.difference]
        missing, extra, lost, won = variances.totals(lines, found)
        shown = rows if only else [row for row in rows if row.of.difference or row.line.is_moved]
        context |= {
            "rows": shown[:MOST], "more": max(0, len(shown) - MOST), "differing": len(differing),
            "same": len(rows) - len(differing), "missing": missing, "extra": extra, "lost": lost, "won": won,
            "below": sum(row.below for row in rows), "moved": sum(row.line.is_moved for row in rows),
        }  # fmt: skip
    return render(request, "staff/stocktake_differences.html", context, status=status)


def _row(line: StocktakeLine, of: Judged) -> Row:
    return Row(line, of, variances.worth(line.level, of.difference), variances.below_promised(line, of.difference))


_do = deeds.Deeds(Stocktake, _page, "staff:stocktake").do


@needs("stock.approve")
@require_POST
def approve(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """A second person says yes: the differences are booked."""

    def deed(request: HttpRequest, sheet: Stocktake) -> str:
        done = approve_count.approve(sheet_id, actor=audit.actor_of(request), seen=_seen(request))
        audit.record("stocktake.approved", actor=audit.actor_of(request), subject=done.stocktake)
        words = ngettext("Approved: %(n)d row was corrected.", "Approved: %(n)d rows were corrected.", done.rows)
        return words % {"n": done.rows}

    return _do(request, sheet_id, deed)


@needs("stock.approve")
@require_POST
def send_back(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """Picked rows have to be counted again."""

    def deed(request: HttpRequest, sheet: Stocktake) -> str:
        picked = [id_ for text in request.POST.getlist("line") if (id_ := typed.ident(text))]
        reason = request.POST.get("reason", "").replace("\0", "")
        sheet = stocktakes.send_back(
            sheet_id, picked, actor=audit.actor_of(request), reason=reason, seen=_seen(request)
        )
        audit.record("stocktake.sent_back", actor=audit.actor_of(request), subject=sheet)
        words = ngettext("%(n)d row has to be counted again.", "%(n)d rows have to be counted again.", len(set(picked)))
        return words % {"n": len(set(picked))}

    return _do(request, sheet_id, deed)


@needs("stock.adjust")
@require_POST
def reject(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """The stocktake is thrown away; stock stays as it is. Once it is closed, that is for those who may approve it."""
    if not may(request.user, "stock.approve") and Stocktake.objects.filter(id=sheet_id, state=StocktakeState.COUNTED):
        raise PermissionDenied("stock.approve")

    def deed(request: HttpRequest, sheet: Stocktake) -> str:
        sheet = stocktakes.reject(
            sheet_id, actor=audit.actor_of(request), reason=request.POST.get("why", "").replace("\0", "")
        )
        audit.record("stocktake.rejected", actor=audit.actor_of(request), subject=sheet)
        return _("%(number)s is thrown away. Stock stays as it is.") % {"number": sheet.number}

    return deeds.Deeds(Stocktake, _where_it_was_asked, "staff:stocktake").do(request, sheet_id, deed)


def _where_it_was_asked(request: HttpRequest, sheet_id: UUID, *, error: str, status: int) -> HttpResponse:
    """Who throws a stocktake away stands on its counting page or on this one: its own address leads to the right one."""
    messages.error(request, error)
    return redirect("staff:stocktake", sheet_id)


def _seen(request: HttpRequest) -> int:
    """The round that was on the page."""
    text = request.POST.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
