"""Screens: sign-in, roles, the record room (admin) and the staff UI."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from apps.staff import labels, roles


class StaffConfig(AppConfig):
    name = "apps.staff"
    label = "staff"
    verbose_name = _("staff")

    def ready(self) -> None:
        labels.speak()
        post_migrate.connect(roles.after_migrate, sender=self, dispatch_uid="staff.roles")
