"""Two people at one bench, and a worker: a parcel is in one file, and one that is packed leaves, whoever comes first."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models import QuerySet

from apps.flows import export_parcels, ship_order, take_numbers
from apps.shipping import packing
from apps.shipping import services as shipping
from apps.shipping.models import Sheet, SheetRow, Shipment
from tests.flows.desk import drain, numbers_file, open_desk_shop
from tests.staff.builders import make_order, plan

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = "123456789013"
# Seconds: of a wait that a lock makes vain; and of one that a busy computer may draw out.
IN_VAIN, AT_MOST = 1, 25


def alone(work):
    """Run in a thread with a connection of its own."""
    try:
        return work()
    finally:
        connection.close()


@pytest.fixture
def without_locks(monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_how: self)


def close_while_numbering(monkeypatch, *, patience: float) -> str:
    """A packer closes the box just when its number is being taken; where the parcel stands afterwards.

    `patience`: seconds that are waited for the other one; in vain where a lock keeps them apart.
    """
    shop, carrier = open_desk_shop(CUP=5)
    shipment = plan(make_order(shop, ("CUP", 1), method="cod"))
    packing.scan(shipment.id, "CUP")
    take_numbers.hand_in(carrier, "a.csv", numbers_file((f"{shipment.number}-1", GOOD)), actor="hana")
    reading, closed = threading.Event(), threading.Event()
    real = shipping.labelled

    def slowly(pairs, *, cause):
        reading.set()
        closed.wait(patience)
        real(pairs, cause=cause)

    monkeypatch.setattr(shipping, "labelled", slowly)

    def close():
        assert reading.wait(AT_MOST)
        is_left = ship_order.leave_when_numbered(shipment)
        closed.set()
        return is_left or ship_order.confirm(Shipment.objects.get(id=shipment.id), actor="hana")

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(alone, work) for work in (drain, close)]
        for one in done:
            one.result(30)
    return Shipment.objects.get(id=shipment.id).status


def test_a_box_closed_while_its_number_comes_leaves(monkeypatch):
    assert close_while_numbering(monkeypatch, patience=IN_VAIN) == "shipped"


def test_without_the_lock_it_would_stay_for_ever(monkeypatch, without_locks):
    assert close_while_numbering(monkeypatch, patience=AT_MOST) == "labelled"


def export_side_by_side(monkeypatch, *, patience: float) -> tuple[int, int]:
    """Three people export at once; files, and parcels in them. `patience` as above."""
    shop, carrier = open_desk_shop(CUP=9)
    for _ in range(4):
        plan(make_order(shop, ("CUP", 1), method="cod"))
    together = threading.Barrier(3)
    real = export_parcels._same

    def side_by_side(*told):
        """All have looked for the file before anybody writes it: who looks later finds it, lock or not."""
        found = real(*told)
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(patience)
        return found

    monkeypatch.setattr(export_parcels, "_same", side_by_side)
    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(alone, lambda: export_parcels.export(carrier, actor="hana")) for _ in range(3)]
        for one in done:
            one.result(30)
    return Sheet.objects.count(), SheetRow.objects.count()


def test_a_parcel_is_exported_by_one_of_three(monkeypatch):
    assert export_side_by_side(monkeypatch, patience=IN_VAIN) == (1, 4)


def test_without_the_lock_each_would_make_a_file(monkeypatch, without_locks):
    assert export_side_by_side(monkeypatch, patience=AT_MOST) == (3, 12)
