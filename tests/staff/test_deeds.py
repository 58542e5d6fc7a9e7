"""A deed is done and said, or refused on its own page; what nobody foresaw is not hidden behind a sentence."""

from uuid import UUID

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import override

from apps.channels import errors as channels
from apps.core import states
from apps.inventory import errors as inventory
from apps.inventory.models import Location
from apps.staff import deeds
from tests import builders

pytestmark = pytest.mark.django_db


class Gone(inventory.InsufficientStock):
    """A kind of what `also` names."""


def _page(request: HttpRequest, row_id: UUID, *, error: str, status: int) -> HttpResponse:
    return HttpResponse(error, status=status)


PLACES = deeds.Deeds(
    Location, _page, "staff:transfer", also={inventory.InsufficientStock: "None left."}, query=lambda request: "?way=1"
)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (deeds.Refused("Not today."), "Not today."),
        (inventory.Refused("Too many."), "Too many."),
        (channels.Refused("Not linked."), "Not linked."),
        (states.Overtaken("x"), "Somebody else was faster. Look at the page again and decide again."),
        (states.IllegalMove("x"), "Somebody else was faster. Look at the page again and decide again."),
        (Gone("x"), "None left."),
    ],
)
def test_what_is_refused_is_said_on_the_page_of_the_row(rf, error, sentence) -> None:
    place = builders.location()

    def deed(request: HttpRequest, row: Location) -> str:
        raise error

    with override("en"):
        answer = PLACES.do(rf.post("/"), place.id, deed)

    assert (answer.status_code, answer.content.decode()) == (409, sentence)


def test_what_is_done_is_said_on_the_next_page(rf) -> None:
    place, request = builders.location(), rf.post("/")
    request._messages = CookieStorage(request)

    answer = PLACES.do(request, place.id, lambda request, row: f"{row.code} is swept.")

    assert (answer.status_code, answer["Location"]) == (302, f"/stock/transfers/{place.id}/?way=1")
    assert [str(said) for said in request._messages] == ["main is swept."]


def test_a_fault_is_no_refusal_and_a_row_that_is_not_there_is_no_page(rf) -> None:
    place = builders.location()

    def deed(request: HttpRequest, row: Location) -> str:
        raise LookupError("a fault")

    with pytest.raises(LookupError):
        PLACES.do(rf.post("/"), place.id, deed)
    with pytest.raises(Http404):
        PLACES.do(rf.post("/"), builders.some_id(), deed)
