"""Things that only the night found: the signal that notices are being lost (a healthy connection has none)."""

from uuid import UUID

from django.db.models import F

from apps.hub.models import Connection


def count(connection_id: UUID, found: int) -> None:
    """Add to a connection's counter of repairs."""
    if found:
        Connection.objects.filter(id=connection_id).update(repaired_count=F("repaired_count") + found)
