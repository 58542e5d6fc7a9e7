"""The base of every list and form of the record room: no list counts its rows, every page costs a fixed number of queries.

Lists are keyset pages over the primary key (uuid7 keys sort by birth, so newest first is `-pk`); sorting by other columns
and filtering by fields that no filter names are off, because either may read a whole table. A search is one term, compared
as a whole by the lookups that `search_fields` names; those must be served by an index.
"""

import re
from collections.abc import Iterable
from operator import attrgetter
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _words
from unfold.admin import ModelAdmin, TabularInline
from unfold.views import ChangeList

from apps.core.money import Money
from apps.staff.admin.history import EditsMixin

MOST_FOUND = 500
_PLAIN_WAYS = frozenset({"", "exact", "id__exact", "isnull", "id__isnull", "in"})
_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


class CountlessPage(Page):
    """A page that knows whether there is another one because one row more was read."""

    def __init__(self, rows: list[Model], number: int, paginator: Paginator, *, has_more: bool) -> None:
        super().__init__(rows, number, paginator)
        self.has_more = has_more

    def has_next(self) -> bool:
        return self.has_more


class CountlessPaginator(Paginator):
    """For autocompletion, which asks for pages by number: reads a page and one row, never a COUNT(*)."""

    template_name = "staff/admin/pages.html"

    @cached_property
    def count(self) -> int:
        raise NotImplementedError("nothing in the record room counts its rows")

    def page(self, number: int | str) -> CountlessPage:
        at = max(1, int(number))
        bottom = (at - 1) * self.per_page
        rows = list(self.object_list[bottom : bottom + self.per_page + 1])
        return CountlessPage(rows[: self.per_page], at, self, has_more=len(rows) > self.per_page)


class KeysetChangeList(ChangeList):
    """Rows after a key, and one more to know whether to offer the next page. `?p=` carries the last row's key."""

    next_page: str | None = None
    first_page: str | None = None

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[str]:
        return self.model_admin.get_ordering(request)

    def get_results(self, request: HttpRequest) -> None:
        rows, after = self.queryset, self._key(request.GET.get(PAGE_VAR))
        if after is not None:
            self.first_page = self.get_query_string(remove=[PAGE_VAR])
            rows = rows.filter(**{"pk__lt" if self.model_admin.is_newest_first else "pk__gt": after})
        found = list(rows[: self.list_per_page + 1])
        self.result_list = found[: self.list_per_page]
        if len(found) > self.list_per_page:
            self.next_page = self.get_query_string({PAGE_VAR: self.result_list[-1].pk})
        self.result_count = len(self.result_list)
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        # Nothing was counted: an equal number keeps "50 results (show all)" out of the head of the page.
        self.full_result_count, self.show_full_result_count, self.show_admin_actions = self.result_count, False, True
        self.can_show_all = self.multi_page = False

    def _key(self, text: str | None) -> Any:
        """The key as its column's type; None, which is the first page, for anything else."""
        try:
            return self.model._meta.pk.to_python(text) if text else None
        except ValidationError:
            return None


class Room(EditsMixin, ModelAdmin):
    """What merchants may edit. Subclasses say `list_select_related` for every relation that a row's words need.

    Nothing is deleted here: records are switched off, because orders, postings and histories point at them.
    """

    is_newest_first: ClassVar[bool] = True
    # Relations by which other pages link here, `?level__id__exact=…`, beside those of list_filter.
    linked_by: ClassVar[tuple[str, ...]] = ()
    # Search lookups whose index begins with a relation: {"sku__exact": "connection"}.
    search_within: ClassVar[dict[str, str]] = {}
    paginator = CountlessPaginator
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    list_select_related = ()
    actions = None
    compressed_fields = True

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return ["-pk" if self.is_newest_first else "pk"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList

    def has_delete_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        named = {spec[0] if isinstance(spec, tuple) else spec for spec in self.get_list_filter(request)}
        field, _mark, way = lookup.partition("__")
        return field in {*named, *self.linked_by} and way in _PLAIN_WAYS

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Each lookup is asked by itself, because the planner serves `a = x OR b.c = x` by no index at all."""
        term = search_term.strip().replace("\0", "")
        if not term:
            return queryset, False
        found: set[Any] = {UUID(term)} if _UUID.fullmatch(term) and self._has_uuid_key() else set()
        for lookup in self.get_search_fields(request):
            if self._fits(lookup, term):
                rows = self.model._default_manager.filter(**self._exactly(lookup, term)).order_by()
                found.update(rows.values_list("pk", flat=True)[:MOST_FOUND])
        return queryset.filter(pk__in=found), False

    def _exactly(self, lookup: str, term: str) -> dict[str, Any]:
        """The lookup, with every value of the column that stands before it in the index that serves it."""
        leading = self.search_within.get(lookup)
        if leading is None:
            return {lookup: term}
        values = self.model._meta.get_field(leading).related_model._default_manager.values_list("pk", flat=True)
        return {lookup: term, f"{leading}__in": list(values)}

    def _fits(self, lookup: str, term: str) -> bool:
        """A reference to another record is compared with a UUID or not at all."""
        field = self.model._meta.get_field(lookup.partition("__")[0])
        return field.get_internal_type() != "UUIDField" or bool(_UUID.fullmatch(term))

    def _has_uuid_key(self) -> bool:
        return self.model._meta.pk.get_internal_type() == "UUIDField"


class ReadOnlyRoom(Room):
    """What is only looked up: written by the stories, never by hand. Columns `…_minor` are shown as amounts."""

    # Where the currency of the record's amounts stands, as a path of attributes.
    currency_at: ClassVar[str] = "currency"

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return [self._shown(name) for name in super().get_fields(request, obj)]

    def _shown(self, name: Any) -> Any:
        if not isinstance(name, str) or not name.endswith("_minor"):
            return name
        path = attrgetter(self.currency_at)

        @admin.display(description=_words(name.removesuffix("_minor").replace("_", " ")))
        def shown(record: Model) -> str:
            currency = path(record)
            return amount(getattr(record, name), currency) if currency else "–"

        shown.__name__ = name.removesuffix("_minor")
        return shown

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False


class ReadOnlyTable(TabularInline):
    """A part of a record, looked up with it. `related` are the relations its rows' words need."""

    extra = max_num = 0
    can_delete = False
    show_change_link = False
    related: ClassVar[tuple[str, ...]] = ()
    tab = False
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related(*self.related).order_by("pk")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Iterable[str]:
        return self.fields or ()

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False


def amount(minor: int | None, currency: str) -> str:
    """An amount for people; a dash where there is none."""
    return "–" if minor is None else Money(minor, currency).display(get_language() or "ja")


def link(record: Model | None, words: str = "") -> str:
    """A link to another record of this room; a dash where there is none."""
    if record is None:
        return "–"
    meta = record._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk])
    return format_html('<a href="{}">{}</a>', address, words or str(record))


def link_to_list(model: type[Model], words: str, **filters: Any) -> str:
    """A link to another list of this room, filtered."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return format_html(
        '<a href="{}?{}">{}</a>',
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"),
        query,
        words,
    )
