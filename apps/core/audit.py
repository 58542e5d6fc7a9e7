"""Who did what: one row for each deed of a person, written in the deed's own transaction."""

from typing import Any

from django.db import models
from django.http import HttpRequest

from apps.core.models import AuditEntry


def record(action: str, *, actor: str, subject: models.Model | None = None, detail: dict[str, Any] | None = None,
           address: str | None = None) -> None:  # fmt: skip
    """Write a deed down. `action` is `noun.past` (`order.released`); `detail` holds no secret and no card number."""
    AuditEntry.objects.create(
        action=action,
        actor=actor,
        kind=subject._meta.label_lower if subject else "",
        subject=str(subject.pk) if subject else "",
        detail=detail or {},
        address=address,
    )


def actor_of(request: HttpRequest) -> str:
    """How a signed-in person is named in history rows."""
    return request.user.get_username() or "nobody"
