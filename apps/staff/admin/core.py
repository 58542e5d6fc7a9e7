"""The business, its brands, and the audit of what people did."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.core.models import AuditEntry, Brand, Company
from apps.staff.admin.rooms import ReadOnlyRoom, Room


@admin.register(Company)
class CompanyRoom(Room):
    list_display = ("name", "registration_number", "currency")

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """There is exactly one."""
        return super().has_add_permission(request) and not Company.objects.exists()


@admin.register(Brand)
class BrandRoom(Room):
    list_display = ("name", "code", "locale", "mail_from")
    search_fields = ("code__exact",)


@admin.register(AuditEntry)
class AuditRoom(ReadOnlyRoom):
    list_display = ("at", "actor", "action", "kind", "subject", "address")
    search_fields = ("subject__exact",)
