"""Their id and ours. UNIQUE (connection, kind, external_id): the same thing twice is one thing, a rival loses here."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import connection as database

from apps.core.ids import uuid7
from apps.hub.models import ExternalId


def find(connection_id: UUID, kind: str, external_ids: Iterable[str]) -> dict[str, UUID]:
    """Ours for theirs; unknown ones are left out."""
    rows = ExternalId.objects.filter(connection=connection_id, kind=kind, external_id__in=list(external_ids))
    return dict(rows.values_list("external_id", "subject"))


def find_theirs(connection_id: UUID, kind: str, subjects: Iterable[UUID]) -> dict[UUID, str]:
    """Theirs for ours."""
    rows = ExternalId.objects.filter(connection=connection_id, kind=kind, subject__in=list(subjects))
    return dict(rows.values_list("subject", "external_id"))


def claim(connection_id: UUID, kind: str, wanted: Mapping[str, UUID]) -> set[str]:
    """Bind theirs to ours; returns those that were bound by this. The others were bound before, or by a rival, for whose
    transaction this one has waited. In sorted order, so that two who claim the same never wait for each other in a ring."""
    theirs = sorted(wanted)
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO hub_externalid (id, connection_id, kind, external_id, subject)"
            " SELECT id, %s, %s, external_id, subject FROM unnest(%s::uuid[], %s::text[], %s::uuid[])"
            "   AS wanted(id, external_id, subject) ON CONFLICT (connection_id, kind, external_id) DO NOTHING"
            " RETURNING external_id",
            [connection_id, kind, [uuid7() for _ in theirs], theirs, [wanted[one] for one in theirs]],
        )
        return {row[0] for row in cursor.fetchall()}
