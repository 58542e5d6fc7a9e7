"""A vendor that says yes to codes it does not know: what it shows tells the truth, and a person sees it."""

import pytest

from apps.channels import queries
from apps.channels import services as channels
from apps.channels.models import Listing
from apps.core import clock
from apps.flows import push_stock, reconcile_stock, wiring
from apps.flows.deliver import delivery
from apps.flows.dispatch import drain
from apps.hub import connections, registry
from apps.hub.contracts import VariantCard
from apps.hub.models import JobRun
from apps.reconciliation.models import Statement
from tests import builders
from tests.flows import cuckoo

pytestmark = pytest.mark.django_db


@pytest.fixture
def bird(monkeypatch):
    known = registry.manifests()
    monkeypatch.setattr(registry, "manifests", lambda: known | {"cuckoo": cuckoo.MANIFEST})
    connections.forget()
    wiring.forget()
    made = builders.connection("cuckoo")
    for sku in ("CUP", "POT"):
        builders.stock(builders.variant(sku), 5)
    cards = [VariantCard(sku=sku, title=sku, external_id=sku) for sku in ("CUP", "POT")]
    channels.take_cards(made, cards, {row.sku: row.id for row in builders.Variant.objects.all()})
    cuckoo.shows.clear()
    yield made
    connections.forget()
    wiring.forget()


def _push():
    push_stock.build()
    for claimed in delivery.claim():
        delivery.make(claimed)
    drain("me")


def _night(period):
    run = JobRun.objects.create(job="night", period=period, due_at=clock.now(), started_at=clock.now())
    reconcile_stock.look(run)
    reconcile_stock.judge(run)
    return Statement.objects.get(leg="stock", period=period)


def test_a_code_it_does_not_know_is_no_success(bird):
    cuckoo.shows["CUP"] = 0
    _push()
    assert list(Listing.objects.values_list("shown", "refused").distinct()) == [(5, "")]  # it said yes to both

    told = _night("2026-11-22")

    missing = Listing.objects.get(missing_since__isnull=False)
    assert (missing.sku, told.verdict, told.detail) == ("POT", "different", {"not_shown": 1})
    assert list(queries.troubled()) == [missing]


def test_once_it_shows_the_code_all_is_well(bird):
    cuckoo.shows["CUP"] = 0
    _push()
    _night("2026-11-22")
    cuckoo.shows["POT"] = 5

    told = _night("2026-11-23")

    assert (told.verdict, list(queries.troubled())) == ("matched", [])


def test_what_was_never_told_is_not_missed(bird):
    """It lies in the shop's drawer there: nobody has said anything about it yet."""
    cuckoo.shows["CUP"] = 5
    Listing.objects.update(is_dirty=False, shown=5)

    assert (_night("2026-11-22").verdict, list(queries.troubled())) == ("matched", [])
