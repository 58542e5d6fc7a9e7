"""The history page of a record: what changed, when and by whom.

Records that people edit have the rows that core.history keeps; records that stories move have their state moves.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.core.models import StateMove

MOST = 200


@dataclass(slots=True)
class Edit:
    """One edit as a person reads it: `changes` are (field, before, after)."""

    at: datetime
    actor: str
    changes: list[tuple[str, str, str]] = field(default_factory=list)


class EditsMixin:
    """Gives a ModelAdmin the history page."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The newest edits of one record."""
        record = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if record is None:
            raise Http404
        if not self.has_view_permission(request, record):  # type: ignore[attr-defined]
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("What changed: %(record)s") % {"record": record},
            "subtitle": None,
            "opts": self.opts,  # type: ignore[attr-defined]
            "object": record,
            "edits": edits_of(record) if hasattr(record, "edits") else moves_of(record),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "staff/admin/edits.html", context)


def edits_of(record: Model) -> list[Edit]:
    """Newest first. Each kept row is what the record said before; what it said after is the next row, or the record."""
    rows = list(record.edits.select_related("pgh_context").order_by("-pgh_id")[:MOST])
    after: Any = record
    edits = []
    for row in rows:
        context = row.pgh_context.metadata if row.pgh_context else {}
        edit = Edit(at=row.pgh_created_at, actor=context.get("actor") or "")
        for column in row._meta.concrete_fields:
            name = column.attname
            if column.name.startswith("pgh_") or not hasattr(after, name):
                continue
            old, new = getattr(row, name), getattr(after, name)
            if old != new:
                edit.changes.append((capfirst(str(column.verbose_name)), str(old), str(new)))
        edits.append(edit)
        after = row
    return edits


def moves_of(record: Model) -> list[Edit]:
    """Newest first: every step of the record's state machines."""
    if not isinstance(record.pk, UUID):
        return []
    moves = StateMove.objects.filter(subject=record.pk).order_by("-id")[:MOST]
    return [Edit(at=move.at, actor=move.actor, changes=[_words_of(record, move)]) for move in moves]


def _words_of(record: Model, move: StateMove) -> tuple[str, str, str]:
    try:
        axis: Any = record._meta.get_field(move.axis)
    except FieldDoesNotExist:
        return move.axis, move.old, move.new
    words = dict(axis.flatchoices)
    return capfirst(str(axis.verbose_name)), str(words.get(move.old, move.old)), str(words.get(move.new, move.new))
