"""A vendor that fails for a moment is asked again at night; one that keeps failing is stale, never matched."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.flows import asking
from apps.hub import errors
from apps.hub.models import JobRun
from apps.reconciliation.models import Statement
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return JobRun.objects.create(job="night", period="2026-11-22", due_at=clock.now())


def test_a_moment_of_trouble_is_asked_again_and_others_are_asked_once(run):
    first, second = (builders.connection(name=name) for name in ("first", "second"))
    asked = []

    def ask(connection):
        asked.append(connection.name)
        if connection == first and asked.count("first") == 1:
            raise errors.RateLimited("slow down", retry_after=90)

    with pytest.raises(asking.Again) as again:
        asking.ask_all(run, "orders", [first, second], ask)
    asking.ask_all(run, "orders", [first, second], ask)

    assert asked == ["first", "second", "first"]
    assert again.value.at - clock.now() > timedelta(seconds=80)
    assert Statement.objects.count() == 0


def test_one_that_keeps_failing_is_stale(run):
    connection = builders.connection(name="silent")

    def ask(_connection):
        raise errors.Transient("no answer")

    for _ in range(4):
        with pytest.raises(asking.Again):
            asking.ask_all(run, "money", [connection], ask)
    asking.ask_all(run, "money", [connection], ask)

    statement = Statement.objects.get()
    assert (statement.leg, statement.verdict, statement.detail) == ("money", "stale", {"reason": "no answer"})


def test_one_that_needs_a_person_is_stale_at_once(run):
    connection = builders.connection(name="locked out")

    def ask(_connection):
        raise errors.Misconfigured("the key is not known")

    asking.ask_all(run, "stock", [connection], ask)

    assert Statement.objects.get().verdict == "stale"
