"""Letters to customers, as they were sent."""

from django.contrib import admin

from apps.messaging.models import Message
from apps.staff.admin.rooms import ReadOnlyRoom


@admin.register(Message)
class MessageRoom(ReadOnlyRoom):
    list_display = ("subject", "template", "to", "status", "created_at", "sent_at")
    linked_by = ("order_ref",)
    search_fields = ("order_ref__exact",)
