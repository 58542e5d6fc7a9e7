"""Connections and everything that came in or goes out: PostgreSQL rows are the queue, the broker is only a doorbell.

An inbox entry is one body as received (sealed), its events are the notices in it; an outbox fact is what happened here, a
delivery is one call that follows from it, an attempt one try of it.
"""

from apps.hub.models.connections import (
    Connection,
    Credential,
    Cursor,
    ExternalId,
    FieldMap,
    MissingNumber,
    Repair,
    Trial,
    WayIn,
)
from apps.hub.models.traffic import (
    Attempt,
    Delivery,
    FileRun,
    InboxEntry,
    InboxEvent,
    JobRun,
    OutboxFact,
    SetAsideRow,
)

__all__ = [
    "Attempt",
    "Connection",
    "Credential",
    "Cursor",
    "Delivery",
    "ExternalId",
    "FieldMap",
    "FileRun",
    "InboxEntry",
    "InboxEvent",
    "JobRun",
    "MissingNumber",
    "OutboxFact",
    "Repair",
    "SetAsideRow",
    "Trial",
    "WayIn",
]
