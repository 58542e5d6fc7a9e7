"""Writes happen once for each key, as Stripe's do; what is refused says why; nobody's change is overwritten unseen."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from apps.api import keys
from apps.api.models import Answered
from apps.catalog.models import Variant
from apps.core import clock
from apps.core.models import AuditEntry
from apps.flows import hold_order, retention
from apps.inventory.models import StockLevel
from apps.orders.models import Order, OrderHold
from tests.api.conftest import Program, make_client, token_of
from tests.staff.builders import make_order, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make_shop(TEA=50)


@pytest.fixture
def order(shop):
    return make_order(shop, ("TEA", 1), method="cod")


def _at(row: Order, deed: str = "") -> str:
    return f"/api/v1/orders/{row.id}/{deed}"


def _problem(answer) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    return body["type"].removeprefix("urn:kurogo:problem:")


def test_an_order_is_held_and_released_by_the_same_stories_as_on_the_desk(program, order):
    held = program.post(_at(order, "hold/"), {"reason": "住所を確認"})
    assert (held.status_code, held.json()["is_held"]) == (200, True)
    assert program.post(_at(order, "release/")).json()["is_held"] is False
    assert list(AuditEntry.objects.order_by("id").values_list("action", "actor")) == [
        ("order.held", "api:till"), ("order.released", "api:till"),
    ]  # fmt: skip


def test_the_same_key_is_answered_the_same_and_happens_once(program, order):
    first = program.post(_at(order, "hold/"), {"reason": "x"}, key="k")
    again = program.post(_at(order, "hold/"), {"reason": "x"}, key="k")

    assert (again.status_code, again.json(), again.headers["Idempotent-Replayed"]) == (200, first.json(), "true")
    assert OrderHold.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(program, order):
    program.post(_at(order, "hold/"), {"reason": "x"}, key="k")

    assert _problem(program.post(_at(order, "hold/"), {"reason": "y"}, key="k")) == "key-reused"
    assert _problem(program.post(_at(order, "release/"), {}, key="k")) == "key-reused"
    assert OrderHold.objects.count() == 1


def test_another_clients_key_is_its_own(program, program_with, order):
    program.post(_at(order, "hold/"), {"reason": "x"}, key="k")

    assert program_with("orders:write").post(_at(order, "release/"), {}, key="k").status_code == 200


def test_what_does_not_validate_is_not_kept(program, order):
    assert _problem(program.post(_at(order, "hold/"), {}, key="k")) == "invalid"
    assert program.post(_at(order, "hold/"), {"reason": "x"}, key="k").status_code == 200


def test_a_write_without_a_key_is_refused(program, order):
    assert _problem(program.post(_at(order, "hold/"), {"reason": "x"}, key="")) == "key-required"
    assert _problem(program.post(_at(order, "hold/"), {"reason": "x"}, key="x" * 256)) == "invalid"
    assert not OrderHold.objects.exists()


def test_a_refusal_is_kept_like_any_answer(program, order):
    assert program.post(_at(order, "cancel/"), {"reason": "x"}).status_code == 200
    refused = program.post(_at(order, "cancel/"), {"reason": "x"}, key="k")
    assert _problem(refused) == "conflict"

    assert program.post(_at(order, "cancel/"), {"reason": "x"}, key="k").json() == refused.json()


def test_a_fault_of_ours_changes_nothing_tells_nothing_and_is_kept(program, order, monkeypatch):
    def breaks(*_args, **_more):
        Order.objects.filter(id=order.id).update(staff_note="half")
        raise RuntimeError("password of the canary")

    monkeypatch.setattr(hold_order, "hold", breaks)
    answer = program.post(_at(order, "hold/"), {"reason": "x"}, key="k")
    monkeypatch.undo()

    assert (_problem(answer), b"canary" in answer.content) == ("fault", False)
    assert Order.objects.get().staff_note == ""
    assert program.post(_at(order, "hold/"), {"reason": "x"}, key="k").json() == answer.json()


def test_one_that_died_before_its_effect_is_made_by_the_repeat(program, order):
    program.post(_at(order, "hold/"), {"reason": "x"}, key="k")
    OrderHold.objects.all().delete()
    Answered.objects.update(status=None, sealed=None, leased_until=clock.wall() + keys.LEASE)  # as after a kill

    assert _problem(program.post(_at(order, "hold/"), {"reason": "x"}, key="k")) == "conflict"
    Answered.objects.update(leased_until=clock.wall())
    assert program.post(_at(order, "hold/"), {"reason": "x"}, key="k").status_code == 200
    assert OrderHold.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_with_one_key_at_once_one_has_an_effect():
    shop = make_shop(TEA=50)
    level = StockLevel.objects.get(variant__sku="TEA", location=shop.location)
    token = token_of(make_client("stock:write"))
    answers, barrier = [], threading.Barrier(8)

    def press() -> None:
        barrier.wait()
        body = {"why": "damaged", "units": 3, "reason": "割れ"}
        answers.append(Program(token).post(f"/api/v1/stock/{level.id}/set-aside/", body, key="k").status_code)
        connection.close()

    people = [threading.Thread(target=press) for _ in range(8)]
    for one in people:
        one.start()
    for one in people:
        one.join()

    level.refresh_from_db()
    assert (level.damaged, set(answers) <= {200, 409}, 200 in answers) == (3, True, True)


def test_nobodys_change_is_overwritten_unseen(program, order):
    tag = program.get(_at(order)).headers["ETag"]
    Order.objects.filter(id=order.id).update(staff_note="of the desk")

    assert _problem(program.send("PATCH", _at(order), {"staff_note": "mine"}, if_match=tag)) == "changed-meanwhile"
    fresh = program.get(_at(order)).headers["ETag"]
    assert program.send("PATCH", _at(order), {"staff_note": "mine"}, if_match=fresh).status_code == 200
    assert Order.objects.get().staff_note == "mine"


def test_a_product_is_added_once_and_its_price_set_again(program, shop):
    body = {"sku": "POT", "title": "急須", "price": "3200", "currency": "JPY"}

    made = program.post("/api/v1/products/", body)
    changed = program.post("/api/v1/products/", body | {"price": "3500"})

    assert (made.status_code, changed.status_code) == (201, 200)
    assert Variant.objects.filter(sku="POT").count() == 1
    assert [float(one["amount"]) for one in changed.json()["prices"]] == [3500.0]


def test_units_that_are_not_there_cannot_be_set_aside(program, shop):
    level = StockLevel.objects.get(variant__sku="TEA", location=shop.location)

    refused = program.post(f"/api/v1/stock/{level.id}/set-aside/", {"why": "damaged", "units": 51, "reason": "x"})

    assert _problem(refused) == "conflict"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "invalid"), (b"[]", "invalid"), (b"null", "invalid"), (b'"x"', "invalid"), (b"\xff\xfe", "invalid"),
        (b"[" * 100_000, "invalid"), (b'{"reason": "\\u0000"}', "invalid"), (b"x" * (1024 * 1024 + 1), "too-large"),
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_refused(program, order, body, kind):
    assert _problem(program.post(_at(order, "hold/"), body)) == kind
    assert not OrderHold.objects.exists()


def test_another_kind_of_body_is_refused(program, order):
    answer = program.browser.post(
        _at(order, "hold/"), {"reason": "x"}, headers=program._headers({"idempotency-key": "k"})
    )

    assert _problem(answer) == "unsupported-media-type"


def test_old_keys_are_forgotten(program, order):
    program.post(_at(order, "hold/"), {"reason": "x"}, key="k")
    program.post(_at(order, "release/"), {}, key="young")
    Answered.objects.filter(key="k").update(begun_at=clock.wall() - retention.KEYS_KEPT - timedelta(seconds=1))

    assert (retention.forget_keys(), Answered.objects.get().key) == (1, "young")
