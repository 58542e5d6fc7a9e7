"""What every floor stands on."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from apps.core import roles


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        post_migrate.connect(roles.after_migrate, sender=self, dispatch_uid="core.roles")
