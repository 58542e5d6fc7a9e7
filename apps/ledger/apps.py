"""The double-entry book."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from apps.ledger import chart


class LedgerConfig(AppConfig):
    name = "apps.ledger"
    label = "ledger"

    def ready(self) -> None:
        # A flushed database (tests) is an empty house: it gets the chart back as a new one does.
        post_migrate.connect(chart.after_migrate, sender=self, dispatch_uid="ledger.chart")
