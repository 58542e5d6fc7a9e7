"""Payloads are kept only as long as they are needed; what happened stays, what was said is emptied."""

from datetime import timedelta

from django.conf import settings

from apps.core import clock
from apps.hub.models import Delivery, InboxEntry, InboxEvent

BATCH = 2000


def empty_old() -> bool:
    """Empty a batch of payloads that are past their time; True when none is left."""
    before = clock.now() - timedelta(days=settings.PAYLOAD_DAYS)
    emptied = 0
    for rows in (
        InboxEntry.objects.filter(received_at__lt=before, sealed__isnull=False),
        InboxEvent.objects.filter(received_at__lt=before, sealed__isnull=False),
        Delivery.objects.filter(created_at__lt=before, sealed__isnull=False, status__in=["sent", "dead", "cancelled"]),
    ):
        ids = list(rows.order_by("id").values_list("id", flat=True)[:BATCH])
        emptied += rows.model.objects.filter(id__in=ids).update(sealed=None)
    return emptied == 0
