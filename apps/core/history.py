"""What an edited record said before: one row for each change, written by a trigger, whoever made it and however.

Only records that people edit are tracked, never those that volume writes; a sealed secret is in no tracked table. The
actor is put into the transaction's context by `HistoryMiddleware`; a change without a person (a connector's, a
migration's) has none.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import pghistory
from django.db import models
from django.http import HttpRequest
from pghistory.middleware import HistoryMiddleware as BaseMiddleware

M = TypeVar("M", bound=models.Model)


def tracked(*, fields: Sequence[str] | None = None, is_personal: bool = False) -> Callable[[type[M]], type[M]]:
    """Keep the old row of every update and delete in `<Model>Event`, reachable as `record.edits`.

    `fields` limits what is watched and kept. The rows are append-only, unless `is_personal`: erasure must reach them.
    """

    def decorate(model: type[M]) -> type[M]:
        watched: type[M] = pghistory.track(
            pghistory.UpdateEvent(row=pghistory.Old),
            pghistory.DeleteEvent(),
            fields=list(fields) if fields else None,
            model_name=f"{model.__name__}Event",
            obj_field=pghistory.ObjForeignKey(related_name="edits", related_query_name="edits"),
            attrs={"append_only": not is_personal},
        )(model)
        return watched

    return decorate


class HistoryMiddleware(BaseMiddleware):
    """Names the person by user name: a number would say nothing once the account is gone."""

    def get_context(self, request: HttpRequest) -> dict[str, str]:
        """What every change made by this request is marked with."""
        return {"actor": request.user.get_username(), "path": request.path}
