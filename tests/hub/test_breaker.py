"""The circuit breaker: a vendor in trouble is asked once a minute, whatever waits; its neighbours go on, and nothing is lost."""

import pytest

from apps.core import clock
from apps.core.ids import uuid7
from apps.hub import breaker, connections, delivery, errors
from apps.hub.contracts import CaptureRequest
from apps.hub.delivery import NewDelivery
from apps.hub.models import Connection, Delivery
from tests import builders
from tests.hub import parrot as bird

pytestmark = pytest.mark.django_db
CAPTURE = CaptureRequest(provider_id="pi_1", amount_minor=1100, currency="JPY")
WAITING = 20


@pytest.fixture
def many(parrot, drive):
    """Calls that wait for the parrot."""
    news = [NewDelivery(parrot.id, "payment.capture", f"k{n}", [CAPTURE], "payment", uuid7()) for n in range(WAITING)]
    delivery.enqueue(news)


def _look() -> int:
    """One look of a worker; how many calls the vendor heard in it."""
    before = len(bird.heard)
    connections.forget()  # as another process sees it
    for claimed in delivery.claim(limit=WAITING, worker="w1"):
        connections.live(claimed.delivery.connection_id)
        delivery.make(claimed)
    return len(bird.heard) - before


def _is_down(times: int = 999) -> None:
    bird.script["capture"] = [errors.Transient("503 busy", sent=False)] * times


def _row(parrot: Connection) -> Connection:
    return Connection.objects.get(id=parrot.id)


def test_after_so_many_failures_in_a_row_nothing_more_is_asked(parrot, many):
    _is_down()

    assert _look() == breaker.LIMIT
    assert _look() == 0
    row = _row(parrot)
    assert (row.failures_in_a_row, row.held_until) == (breaker.LIMIT, clock.now() + breaker.PAUSE)


def test_what_was_claimed_and_not_made_costs_no_attempt(parrot, many):
    _is_down()
    _look()

    rows = Delivery.objects.order_by("due_at", "id")
    assert sorted(rows.values_list("attempts", flat=True)) == [0] * (WAITING - breaker.LIMIT) + [1] * breaker.LIMIT
    assert rows.filter(leased_until__gt=clock.wall()).count() == 0
    assert set(rows.values_list("status", flat=True)) == {"due"}


def test_one_call_a_minute_asks_whether_the_vendor_is_back(parrot, many, drive):
    _is_down()
    _look()

    asked = []
    for _ in range(4):
        drive.set(drive.now() + breaker.PAUSE)
        asked.append(_look() + _look())

    assert asked == [1, 1, 1, 1]
    assert _row(parrot).failures_in_a_row == breaker.LIMIT + 4


def test_when_it_answers_again_everything_goes(parrot, many, drive):
    _is_down(breaker.LIMIT)
    _look()

    drive.set(drive.now() + breaker.PAUSE)
    assert _look() == WAITING

    assert set(Delivery.objects.values_list("status", flat=True)) == {"sent"}
    assert (_row(parrot).failures_in_a_row, _row(parrot).held_until) == (0, None)


def test_a_success_between_failures_keeps_it_shut(parrot, many):
    _is_down(breaker.LIMIT - 1)

    assert _look() == WAITING
    assert _row(parrot).failures_in_a_row == 0


def test_a_refusal_is_the_calls_own_and_is_not_counted(parrot, many):
    bird.script["capture"] = [errors.Permanent("no such payment")] * WAITING

    assert _look() == WAITING
    assert _row(parrot).failures_in_a_row == 0


def test_a_neighbour_goes_on(parrot, many):
    _is_down(breaker.LIMIT)
    _look()
    other = connections.create(
        brand=builders.brand(), connector="parrot", name="Other", settings={}, secrets={"token": "parrot-token-canary"}
    )
    delivery.enqueue([NewDelivery(other.id, "payment.capture", "other", [CAPTURE], "payment", uuid7())])

    assert _look() == 1
    assert Delivery.objects.get(key="other").status == "sent"


def test_of_two_workers_one_asks(parrot, many, drive):
    _is_down()
    _look()
    drive.set(drive.now() + breaker.PAUSE)

    assert [breaker.may_ask(parrot.id), breaker.may_ask(parrot.id)] == [True, False]
