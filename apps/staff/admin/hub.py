"""What came in and what went out. Bodies are shown redacted, and only to somebody with `payload.view`."""

import json
from typing import Any

import msgspec
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from apps.core import clock, crypto
from apps.core.audit import actor_of
from apps.hub import delivery as deliveries
from apps.hub import inbox
from apps.hub.models import (
    Attempt,
    Delivery,
    ExternalId,
    FieldMap,
    FileRun,
    InboxEvent,
    JobRun,
    SetAsideRow,
)
from apps.staff import payloads, roles
from apps.staff.admin.rooms import ReadOnlyRoom, ReadOnlyTable, Room


class SealedRoom(ReadOnlyRoom):
    """A record with a sealed body. Lists never read it; the form shows it redacted to those who may see it."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("sealed")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = [name for name in super().get_fields(request, obj) if name != "payload"]
        return [*fields, "payload"] if roles.may(request.user, "payload.view") else fields

    @admin.display(description=_("what was said, redacted"))
    def payload(self, record: Any) -> str:
        """The body without people and secrets."""
        try:
            body = self.body_of(record)
        except LookupError:
            return str(_("Emptied: it is past its retention."))
        except crypto.SealBroken:
            return str(_("Its key is gone; it cannot be opened."))
        return format_html('<pre class="whitespace-pre-wrap break-all">{}</pre>', payloads.redacted(body))

    def body_of(self, record: Any) -> bytes:
        """The body as it was. Raises `LookupError` where there is none."""
        raise NotImplementedError


@admin.register(InboxEvent)
class EventRoom(SealedRoom):
    list_display = ("received_at", "connection", "topic", "subject", "status", "attempts", "reason")
    list_select_related = ("connection",)
    list_filter = ("status",)
    search_fields = ("subject__exact", "event_id__exact")
    search_within = {"event_id__exact": "connection"}
    search_help_text = _("The thing it is about (order:1001) or the event's id")
    fields = (
        "connection", "topic", "subject", "event_id", "said_at", "received_at", "status", "attempts", "due_at",
        "waits_for", "reason", "done_at",
    )  # fmt: skip
    readonly_fields = ("payload",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("connection", "entry").defer("entry__sealed", "sealed")

    def body_of(self, record: InboxEvent) -> bytes:
        return inbox.raw(record)


class Attempts(ReadOnlyTable):
    model = Attempt
    fields = ("number", "at", "milliseconds", "outcome", "reason")


@admin.register(Delivery)
class DeliveryRoom(SealedRoom):
    list_display = ("created_at", "connection", "operation", "key", "status", "attempts", "due_at", "reason")
    list_select_related = ("connection",)
    list_filter = ("connection", "status")
    linked_by = ("order_ref", "subject")
    search_fields = ("order_ref__exact", "subject__exact", "key__exact")
    search_within = {"key__exact": "connection"}
    search_help_text = _("The key, or the id of the order or thing it is about")
    fields = (
        "connection", "operation", "key", "status", "reason", "attempts", "due_at", "created_at", "done_at",
    )  # fmt: skip
    readonly_fields = ("payload",)
    inlines = (Attempts,)

    def body_of(self, record: Delivery) -> bytes:
        words = deliveries.words_of(record)
        if not words:
            raise LookupError
        return msgspec.json.encode(words)


@admin.register(ExternalId)
class ExternalIdRoom(ReadOnlyRoom):
    list_display = ("connection", "kind", "external_id", "subject")
    list_select_related = ("connection",)
    search_fields = ("subject__exact",)
    search_help_text = _("Our id of the thing")


class _MapForm(forms.ModelForm):
    """A new version of a connection's field map."""

    class Meta:
        model = FieldMap
        fields = ("connection", "tables")

    def clean_tables(self) -> dict[str, dict[str, str]]:
        tables = self.cleaned_data["tables"]
        try:
            return msgspec.convert(tables, dict[str, dict[str, str]])
        except msgspec.ValidationError as error:
            example = json.dumps({"payment_method": {"COD": "cod"}})
            raise ValidationError(_("Write tables of words, such as %(example)s") % {"example": example}) from error


@admin.register(FieldMap)
class MapRoom(Room):
    form = _MapForm
    list_display = ("connection", "version", "made_at", "made_by")
    list_select_related = ("connection",)
    list_filter = ("connection",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A map is changed by its next version."""
        return False

    def save_model(self, request: HttpRequest, obj: FieldMap, form: Any, change: bool) -> None:
        newest = FieldMap.objects.filter(connection=obj.connection).aggregate(newest=Max("version"))["newest"]
        obj.version, obj.made_at, obj.made_by = (newest or 0) + 1, clock.now(), actor_of(request)
        super().save_model(request, obj, form, change)


class SetAside(ReadOnlyTable):
    model = SetAsideRow
    fields = ("row", "reason", "detail")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("sealed").order_by("row")


@admin.register(FileRun)
class FileRoom(ReadOnlyRoom):
    list_display = ("name", "connection", "kind", "rows", "taken", "started_at", "finished_at", "error")
    list_select_related = ("connection",)
    inlines = (SetAside,)


@admin.register(JobRun)
class JobRoom(ReadOnlyRoom):
    list_display = ("job", "period", "due_at", "started_at", "finished_at", "error")
    search_fields = ("job__exact",)
