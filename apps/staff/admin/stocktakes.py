"""Stocktakes are looked up here, never changed. What the book said of a blind count is shown to nobody before it is approved."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.inventory.models import Stocktake, StocktakeLine, StrayCode
from apps.inventory.states import StocktakeState
from apps.staff.admin.rooms import ReadOnlyRoom, ReadOnlyTable, link_to_list


class Strays(ReadOnlyTable):
    model = StrayCode
    fields = ("code", "units", "who", "article")
    related = ("line__level__variant",)

    @admin.display(description=_("scanned by"))
    def who(self, stray: StrayCode) -> str:
        return stray.last_by

    @admin.display(description=_("article"))
    def article(self, stray: StrayCode) -> str:
        return stray.line.level.variant.sku if stray.line else "–"


@admin.register(Stocktake)
class StocktakeRoom(ReadOnlyRoom):
    list_display = ("number", "location", "scope", "state", "made_at", "decided_by")
    list_select_related = ("location",)
    search_fields = ("number__exact",)
    readonly_fields = ("rows",)
    inlines = (Strays,)

    @admin.display(description=_("rows"))
    def rows(self, sheet: Stocktake) -> str:
        return link_to_list(StocktakeLine, _("Rows of this stocktake"), stocktake__id__exact=sheet.pk)


@admin.register(StocktakeLine)
class StocktakeLineRoom(ReadOnlyRoom):
    fields = readonly_fields = ("sheet", "article", "counted_units", "by", "book_then", "off")
    list_display = ("article", "sheet", "counted_units", "by", "book_then", "off")
    list_select_related = ("stocktake", "level__variant")
    linked_by = ("stocktake",)
    is_newest_first = False

    @admin.display(description=_("stocktake"))
    def sheet(self, line: StocktakeLine) -> str:
        return line.stocktake.number

    @admin.display(description=_("article"))
    def article(self, line: StocktakeLine) -> str:
        return line.level.variant.sku

    @admin.display(description=_("counted"))
    def counted_units(self, line: StocktakeLine) -> str:
        return _number(line.counted)

    @admin.display(description=_("counted by"))
    def by(self, line: StocktakeLine) -> str:
        return line.counted_by or "–"

    @admin.display(description=_("book"))
    def book_then(self, line: StocktakeLine) -> str:
        return _number(line.book if _may_be_seen(line.stocktake) else None)

    @admin.display(description=_("difference"))
    def off(self, line: StocktakeLine) -> str:
        return _number(line.difference if _may_be_seen(line.stocktake) else None)


def _may_be_seen(sheet: Stocktake) -> bool:
    """Who counts blind may look in here, too."""
    return not sheet.is_blind or sheet.state == StocktakeState.APPROVED


def _number(units: int | None) -> str:
    return "–" if units is None else str(units)
