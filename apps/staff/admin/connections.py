"""Connections: chosen by connector, set up by the form of its settings, written by hub.connections alone."""

import json
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from apps.core import audit
from apps.hub import connections, registry, waiting
from apps.hub.models import Connection
from apps.staff.admin.rooms import Room
from apps.staff.connection_form import ConnectionForm, Widgets, field_names, form_for

_UNFOLD = Widgets(
    text=UnfoldAdminTextInputWidget, integer=UnfoldAdminIntegerFieldWidget, password=UnfoldAdminPasswordWidget,
    choice=UnfoldAdminSelectWidget, area=UnfoldAdminTextareaWidget, switch=UnfoldBooleanSwitchWidget,
)  # fmt: skip
HEALTH = ("status", "last_heard_at", "last_ok_at", "last_error_at", "last_error", "paused")


@admin.register(Connection)
class ConnectionRoom(Room):
    is_newest_first = False
    list_display = ("name", "connector_label", "brand", "status", "last_ok_at", "last_error")
    list_select_related = ("brand",)
    readonly_fields = ("connector_label", "hook_address", "plain_settings", *HEALTH)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        # Django would open a transaction here, and checking an address asks the name server. Saving opens its own.
        return self._changeform_view(request, object_id, form_url, extra_context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """First the connector, then its form."""
        chosen = registry.manifests().get(request.GET.get("connector", ""))
        if chosen is not None:
            title = {"title": gettext("Connect %(vendor)s") % {"vendor": chosen.label}, "subtitle": None}
            return super().add_view(request, form_url, title | (extra_context or {}))
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("What do you want to connect?"),
            "subtitle": None,
            "opts": self.opts,
            "manifests": sorted(registry.manifests().values(), key=lambda m: (m.kind, m.label)),
        }
        return TemplateResponse(request, "staff/admin/connectors.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return super().render_change_form(request, context | {"show_save_and_add_another": False}, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        manifest = _manifest(request, obj)
        if manifest is not None:
            kwargs["form"] = form_for(manifest, _UNFOLD)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, dict[str, Any]]]:
        manifest = _manifest(request, obj)
        about = [*(["connector_label"] if obj else []), "brand", "name", "silent_after_hours"]
        health = (_("Health"), {"fields": list(HEALTH)})
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if manifest is None or not may_edit:
            return [(None, {"fields": [*about, "plain_settings"]}), health]
        plain, secret = field_names(manifest)
        sets = [(None if obj else manifest.label, {"fields": about})]
        if plain:
            sets.append((_("Settings"), {"fields": plain}))
        if secret:
            words = _("Kept sealed, never shown again, and used only for the address they were given for.")
            sets.append((_("Credentials"), {"fields": secret, "description": words}))
        if obj and manifest.webhook:
            sets[0][1]["fields"].append("hook_address")
        return [*sets, health] if obj else sets

    def save_model(self, request: HttpRequest, obj: Connection, form: ConnectionForm, change: bool) -> None:
        with transaction.atomic():
            if change:
                Connection.objects.filter(pk=obj.pk).update(
                    **{name: getattr(obj, name) for name in ConnectionForm.Meta.fields}
                )
                connections.change_settings(obj, form.plain)
                for name, value in form.secrets.items():
                    connections.set_secret(obj, name, value)
                if form.secrets and obj.status == Connection.Status.NEEDS_RECONNECT:
                    waiting.reconnected(obj)
            else:
                made = connections.create(
                    brand=obj.brand,
                    connector=form.manifest.slug,
                    name=obj.name,
                    settings=form.plain,
                    secrets=form.secrets,
                )
                Connection.objects.filter(pk=made.pk).update(silent_after_hours=obj.silent_after_hours)
                obj.__dict__.update(made.__dict__)
            audit.record(
                "connection.changed" if change else "connection.created",
                actor=audit.actor_of(request),
                subject=obj,
                detail={"fields": sorted(form.changed_data), "secrets": sorted(form.secrets)},
                address=request.META.get("REMOTE_ADDR"),
            )

    @admin.display(description=_("connector"))
    def connector_label(self, connection: Connection) -> str:
        try:
            return registry.manifest(connection.connector).label
        except registry.UnknownConnector:
            return connection.connector

    @admin.display(description=_("address for the vendor's notices"))
    def hook_address(self, connection: Connection) -> str:
        return format_html("<code>{}/hooks/{}/</code>", settings.PUBLIC_ADDRESS.rstrip("/"), connection.pk)

    @admin.display(description=_("settings"))
    def plain_settings(self, connection: Connection) -> str:
        return format_html("<pre>{}</pre>", json.dumps(connection.settings, ensure_ascii=False, indent=2))

    @admin.display(description=_("paused capabilities"))
    def paused(self, connection: Connection) -> str:
        return ", ".join(connection.paused_abilities) or "–"


def _manifest(request: HttpRequest, connection: Connection | None) -> registry.Manifest | None:
    """The connector in question; None where it is gone or not yet chosen."""
    slug = connection.connector if connection else request.GET.get("connector", "")
    try:
        return registry.manifest(slug)
    except registry.UnknownConnector:
        return None
