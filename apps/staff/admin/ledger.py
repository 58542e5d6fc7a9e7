"""The chart, tax rates and posting rules; entries are looked up, never edited. A rule is changed by a later version."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.ledger import services as ledger
from apps.ledger import tax
from apps.ledger.models import Account, Entry, Line, PostingRule, TaxCode, TaxRate
from apps.staff.admin.rooms import ReadOnlyRoom, ReadOnlyTable, Room, amount


@admin.register(Account)
class AccountRoom(Room):
    is_newest_first = False
    list_display = ("code", "name_ja", "name_en", "kind")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code",) if obj else ()


@admin.register(TaxCode)
class TaxCodeRoom(Room):
    is_newest_first = False
    list_display = ("code", "name_ja", "name_en")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code",) if obj else ()


@admin.register(TaxRate)
class TaxRateRoom(Room):
    list_display = ("tax_code", "country", "percent", "from_day")
    list_select_related = ("tax_code",)

    @admin.display(description=_("rate"))
    def percent(self, rate: TaxRate) -> str:
        return f"{rate.rate_bp / 100:g} %"

    def save_model(self, request: HttpRequest, obj: TaxRate, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        tax.forget_rates()


class _RuleForm(forms.ModelForm):
    """A new version of a rule: its lines name accounts that exist and both sides."""

    class Meta:
        model = PostingRule
        fields = ("event", "from_day", "lines")

    def clean_lines(self) -> list[dict[str, str]]:
        lines = self.cleaned_data["lines"]
        wanted = {"side", "account", "amount"}
        if not isinstance(lines, list) or not all(isinstance(line, dict) and wanted <= line.keys() for line in lines):
            raise ValidationError(_("Write a list of lines, each with side, account and amount."))
        unknown = {line["account"] for line in lines} - set(Account.objects.values_list("code", flat=True))
        if unknown:
            raise ValidationError(_("No such account: %(codes)s") % {"codes": ", ".join(sorted(map(str, unknown)))})
        if {line["side"] for line in lines} != {"debit", "credit"}:
            raise ValidationError(_("A rule needs debit and credit lines, and knows no other side."))
        return lines


@admin.register(PostingRule)
class RuleRoom(Room):
    form = _RuleForm
    list_display = ("event", "version", "from_day")
    search_fields = ("event__exact",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Entries keep the version they were posted with, so a version never changes."""
        return False

    def save_model(self, request: HttpRequest, obj: PostingRule, form: Any, change: bool) -> None:
        newest = PostingRule.objects.filter(event=obj.event).aggregate(newest=Max("version"))["newest"]
        obj.version = (newest or 0) + 1
        super().save_model(request, obj, form, change)
        ledger.forget_rules()


class Lines(ReadOnlyTable):
    model = Line
    fields = ("number", "account", "debit", "credit", "tax_code")
    related = ("account", "entry")

    @admin.display(description=_("debit"))
    def debit(self, line: Line) -> str:
        return amount(line.debit_minor or None, line.entry.currency)

    @admin.display(description=_("credit"))
    def credit(self, line: Line) -> str:
        return amount(line.credit_minor or None, line.entry.currency)


@admin.register(Entry)
class EntryRoom(ReadOnlyRoom):
    list_display = ("day", "event", "currency", "source_kind", "order_ref", "memo")
    linked_by = ("order_ref",)
    search_fields = ("order_ref__exact",)
    inlines = (Lines,)
