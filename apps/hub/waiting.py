"""Calls that wait for a person: tried again under the same key, given up, or going on after the credentials were mended.

What may have happened already is asked for first, where the vendor can be asked.
"""

from uuid import UUID

from django.db import models
from django.db.models.functions import Coalesce

from apps.core import clock
from apps.hub import connections, delivery, registry
from apps.hub.abilities import Once
from apps.hub.models import Attempt, Connection, Delivery


def retry(delivery_id: UUID) -> bool:
    """A person wants it tried again: same key, same body. What may have happened is still asked for first, where the
    vendor can be asked; where it cannot, the person has decided that it shall be sent once more."""
    row = Delivery.objects.select_related("connection").filter(id=delivery_id, status=Delivery.Status.WAITING).first()
    if row is None:
        return False
    manifest = registry.manifests().get(row.connection.connector)
    can_ask = _can_ask(row.connection, row.operation) and not (manifest and delivery.is_key_forgotten(manifest, row))
    return bool(_again(Delivery.objects.filter(id=row.id), can_ask=can_ask))


def _can_ask(connection: Connection, operation: str) -> bool:
    """Whether a second call of this operation cannot do it twice: the vendor knows our key, or lets us ask."""
    manifest = registry.manifests().get(connection.connector)
    return manifest is not None and manifest.once.get(operation, Once.NEITHER) is not Once.NEITHER


def _again(wanted: models.QuerySet[Delivery], *, can_ask: bool) -> int:
    """Waiting deliveries are due again; those that may have taken effect as unknown, so that they are asked for first.

    May have: a try said so, or a try was begun and never written down (its worker died).
    """
    waiting = wanted.filter(status=Delivery.Status.WAITING)
    tries = Attempt.objects.filter(delivery=models.OuterRef("pk"))
    counted = tries.order_by().values("delivery").annotate(made=models.Count("id")).values("made")
    unsure = waiting.annotate(made=Coalesce(models.Subquery(counted), 0)).filter(
        models.Q(made__lt=models.F("attempts")) | models.Exists(tries.filter(outcome__in=["unknown", "fault"]))
    )
    change = {"due_at": clock.now(), "reason": ""}
    asked = 0
    if can_ask:
        ids = list(unsure.values_list("id", flat=True))
        asked = waiting.filter(id__in=ids).update(status=Delivery.Status.UNKNOWN, **change)
    return asked + waiting.update(status=Delivery.Status.DUE, **change)


def retry_all(connection: Connection) -> int:
    """Everything of a connection that waits for a person is tried again, each under its own key."""
    waiting = Delivery.objects.filter(connection=connection, status=Delivery.Status.WAITING)
    operations = set(waiting.values_list("operation", flat=True))
    return sum(
        _again(waiting.filter(operation=operation), can_ask=_can_ask(connection, operation)) for operation in operations
    )


def give_up(delivery_id: UUID, reason: str) -> bool:
    """A person decides that it shall not be sent any more."""
    return bool(
        Delivery.objects.filter(id=delivery_id, status=Delivery.Status.WAITING).update(
            status=Delivery.Status.DEAD, reason=reason[:400], done_at=clock.now()
        )
    )


def reconnected(connection: Connection) -> int:
    """Credentials were mended: what waited for that is due again, and nothing that waits for another reason."""
    Connection.objects.filter(id=connection.id).update(status=Connection.Status.ACTIVE, last_error="")
    connections.forget()
    last = Attempt.objects.filter(delivery=models.OuterRef("pk")).order_by("-number").values("outcome")[:1]
    waiting = Delivery.objects.filter(connection=connection, status=Delivery.Status.WAITING)
    waiting = waiting.annotate(last=models.Subquery(last)).filter(last="misconfigured")
    operations = set(waiting.values_list("operation", flat=True))
    return sum(
        _again(Delivery.objects.filter(id__in=list(waiting.filter(operation=operation).values_list("id", flat=True))),
               can_ask=_can_ask(connection, operation))
        for operation in operations
    )  # fmt: skip
