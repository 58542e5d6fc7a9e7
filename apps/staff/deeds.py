"""A deed on a row: one POST, one service. It is done and said in a sentence, or refused on the page itself (409) with the reason.

Nothing is half-done: a deed that raises has changed nothing, and the page that answers shows the row as it is now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.channels import errors as channels
from apps.core import states
from apps.inventory import errors as inventory

TOO_LATE = _("Somebody else was faster. Look at the page again and decide again.")


class Refused(Exception):
    """The deed cannot be done; the message says why and what to do, in the language of who asked."""


# What may stand in the way of any deed, and its sentence; without one the exception says it itself.
REFUSALS: Mapping[type[Exception], Any] = {
    Refused: "", inventory.Refused: "", channels.Refused: "", states.Overtaken: TOO_LATE, states.IllegalMove: TOO_LATE,
}  # fmt: skip


def _no_query(request: HttpRequest) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Deeds:
    """The deeds on the rows of one model.

    `page(request, id, error=, status=)` shows a row with a refusal on it, `home` is the URL name of where a done deed leads (with
    the row's id, and `query`), `also` are further exceptions that are refusals here, with their sentences.
    """

    of: type[Model]
    page: Callable[..., HttpResponse]
    home: str
    also: Mapping[type[Exception], Any] = field(default_factory=dict)
    query: Callable[[HttpRequest], str] = _no_query

    def do(self, request: HttpRequest, row_id: UUID, deed: Callable[[HttpRequest, Any], str]) -> HttpResponse:
        """Do it; the sentence that the deed returns stands on the next page. 404 without such a row."""
        row = self.of._default_manager.filter(pk=row_id).first()
        if row is None:
            raise Http404
        sentences = {**REFUSALS, **self.also}
        try:
            done = deed(request, row)
        except tuple(sentences) as error:
            words = next(sentences[kind] for kind in type(error).__mro__ if kind in sentences)
            return self.page(request, row_id, error=str(words or error), status=409)
        messages.success(request, done)
        return redirect(reverse(self.home, args=[row_id]) + self.query(request))
