"""Shipments: planned once, labelled and posted once, moved by the carrier's word along their drawing."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from apps.core import clock, states
from apps.core.models import StateMove
from apps.core.states import Cause
from apps.hub.contracts import Label, TrackEvent
from apps.ledger.models import Entry
from apps.shipping import services as shipping
from apps.shipping.models import Parcel, Shipment, ShipmentLine, TrackStep
from tests import builders

pytestmark = pytest.mark.django_db

CAUSE = Cause("hana")
LABEL = Label(
    reference="S1-1", label_id="L1", tracking_number="T1", carrier="yamato", service="takkyubin", cost_minor=600,
    currency="JPY", document_url="https://label.example/1",
)  # fmt: skip


def _plan(**line):
    article = builders.variant(weight_g=line.pop("weight_g", None))
    order = builders.order(lines=[{"variant": article, "quantity": 3} | line])
    carrier = builders.connection("shipengine")
    units = [shipping.Packed(order.lines.get().id, 2, article.weight_g)]
    (shipment,) = shipping.plan([(order, units)], location_id=builders.location().id, carrier_id=carrier.id)
    return shipment


@pytest.fixture
def parcel():
    return Parcel.objects.select_related("shipment").get(shipment=_plan())


def _track(parcel, status, **facts):
    event = TrackEvent(**({"tracking_number": "T1", "status": status, "at": clock.now(), "raw_status": status} | facts))
    return bool(shipping.tracked([(parcel, event)], cause=CAUSE))


def test_a_plan_is_a_shipment_with_its_lines_and_one_parcel():
    shipment = _plan(weight_g=150)

    assert shipment.number == f"S{int(shipment.number[1:]):08d}"
    assert list(ShipmentLine.objects.values_list("shipment", "quantity")) == [(shipment.id, 2)]
    assert list(Parcel.objects.values_list("shipment", "number", "weight_g", "label_status")) == [
        (shipment.id, 1, 300, "none")
    ]


def test_an_article_of_unknown_weight_is_guessed():
    assert Parcel.objects.get(shipment=_plan()).weight_g == 400


def test_numbers_rise():
    assert int(_plan().number[1:]) + 1 == int(_plan().number[1:])


def test_a_label_is_kept_and_posted_once(parcel):
    shipping.labelled([(parcel, LABEL)], cause=CAUSE)
    shipping.labelled([(parcel, LABEL)], cause=CAUSE)

    kept = Parcel.objects.select_related("shipment").get()
    assert (kept.label_id, kept.tracking_number, kept.cost_minor, kept.label_status) == ("L1", "T1", 600, "bought")
    assert kept.shipment.status == "labelled"
    assert list(Entry.objects.values_list("event", "part")) == [("label.bought", "L1")]


def test_a_label_for_what_was_called_off_moves_nothing(parcel):
    shipping.cancelled(parcel.shipment, cause=CAUSE)

    shipping.labelled([(parcel, LABEL)], cause=CAUSE)

    assert Shipment.objects.get().status == "cancelled"
    assert Parcel.objects.get().label_status == "bought"


def test_a_label_given_back_is_posted_once(parcel):
    shipping.voided(parcel)
    shipping.labelled([(parcel, LABEL)], cause=CAUSE)

    for _ in range(2):
        shipping.voided(parcel)

    assert Parcel.objects.get().label_status == "voided"
    assert list(Entry.objects.order_by("id").values_list("event", flat=True)) == ["label.bought", "label.voided"]


def test_what_leaves_says_when_and_by_whom(parcel):
    shipping.shipped([parcel.shipment], cause=CAUSE)

    kept = Shipment.objects.get()
    assert (kept.status, kept.confirmed_by, kept.shipped_at is not None) == ("shipped", "hana", True)


def test_a_parcel_leaves_once(parcel):
    stale = Shipment.objects.get()
    shipping.shipped([parcel.shipment], cause=CAUSE)

    with pytest.raises(states.Overtaken), transaction.atomic():
        shipping.shipped([stale], cause=CAUSE)


def test_what_has_left_cannot_be_called_off(parcel):
    shipping.shipped([parcel.shipment], cause=CAUSE)

    with pytest.raises(states.IllegalMove):
        shipping.cancelled(parcel.shipment, cause=CAUSE)


@pytest.mark.parametrize(
    ("words", "status", "delivered"),
    [
        (["in_transit"], "shipped", [False]), (["delivered"], "delivered", [True]), (["lost"], "lost", [False]),
        (["delivered", "in_transit"], "delivered", [True, False]), (["lost", "delivered"], "delivered", [False, True]),
        (["delivered", "returned"], "returned", [True, False]), (["a new word"], "shipped", [False]),
    ],
)  # fmt: skip
def test_the_carriers_words_move_it_along(parcel, words, status, delivered):
    shipping.shipped([parcel.shipment], cause=CAUSE)

    assert [_track(parcel, word) for word in words] == delivered

    assert Shipment.objects.get().status == status
    assert list(TrackStep.objects.order_by("id").values_list("status", flat=True)) == words


def test_words_that_come_together_move_it_as_one_by_one(parcel):
    shipping.shipped([parcel.shipment], cause=CAUSE)
    events = [
        TrackEvent(tracking_number="T1", status=word, at=clock.now(), raw_status=word)
        for word in ("in_transit", "lost", "delivered", "returned")
    ]

    assert shipping.tracked([(parcel, event) for event in events], cause=CAUSE) == [parcel.shipment]

    moves = StateMove.objects.filter(subject=parcel.shipment_id).order_by("id").values_list("new", flat=True)
    assert list(moves) == ["shipped", "lost", "delivered", "returned"]
    assert Shipment.objects.get().status == "returned"


def test_the_same_word_twice_is_one_step(parcel):
    shipping.shipped([parcel.shipment], cause=CAUSE)
    at = clock.now()

    assert [_track(parcel, "delivered", at=at) for _ in range(2)] == [True, False]

    assert TrackStep.objects.count() == 1
    assert Shipment.objects.get().delivered_at == at


def test_a_word_before_it_left_is_kept_and_moves_nothing(parcel):
    assert not _track(parcel, "delivered")

    assert (Shipment.objects.get().status, TrackStep.objects.count()) == ("planned", 1)


def test_a_parcel_may_have_no_label_that_costs(parcel):
    shipping.labelled([(parcel, replace(LABEL, cost_minor=0))], cause=CAUSE)

    assert Entry.objects.count() == 0


def test_a_line_is_in_a_shipment_once(parcel):
    line = ShipmentLine.objects.get()
    line.pk = builders.some_id()

    with pytest.raises(IntegrityError, match="shipping_one_line"), transaction.atomic():
        line.save(force_insert=True)
