"""Which admin site Django's admin is: ours."""

from django.contrib.admin.apps import AdminConfig


class RecordRoomConfig(AdminConfig):
    """`admin.site` is the record room of apps/staff/site.py, with Unfold's looks."""

    default_site = "apps.staff.site.RecordRoom"
