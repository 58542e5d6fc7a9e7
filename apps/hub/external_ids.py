"""Their id and ours. UNIQUE (connection, kind, external_id): the same thing twice is one thing, a rival loses here."""

from collections.abc import Iterable, Mapping
from uuid import UUID

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


def claim(connection_id: UUID, kind: str, wanted: Mapping[str, UUID]) -> None:
    """Bind theirs to ours. Raises `IntegrityError` when a rival bound one of them first: the caller's batch starts over."""
    ExternalId.objects.bulk_create(
        ExternalId(id=uuid7(), connection_id=connection_id, kind=kind, external_id=theirs, subject=ours)
        for theirs, ours in wanted.items()
    )
