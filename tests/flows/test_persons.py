"""Everything about a person in one file, and a person erased: nothing of theirs is found anywhere, and the books are as before."""

import io
import zipfile
from datetime import timedelta

import orjson
import pytest
from django.db import connection, transaction

from apps.core import clock
from apps.core.ids import uuid7
from apps.customers import consents
from apps.customers import services as customers
from apps.customers.models import Consent, Customer, Erasure
from apps.flows import disclose_person, erase_person, personal_data, retention
from apps.hub import contracts as c
from apps.hub import delivery, external_ids, inbox
from apps.hub.abilities import Event
from apps.hub.delivery import NewDelivery
from apps.hub.models import Delivery, InboxEvent
from apps.ledger.models import Line
from apps.messaging.models import Message
from apps.orders.models import Order, OrderHold
from tests import builders

pytestmark = pytest.mark.django_db
CANARY = "かなりあ花子"
MAIL = "canary-hanako@example.jp"
STREET = "かなりあ町1-2-3"
NEEDLES = (CANARY, MAIL, STREET, "09011112222", "かなりあの伝言")


@pytest.fixture
def hanako():
    """She bought once; the order is done, a letter left, a notice and a call about it are kept."""
    channel = builders.connection()
    card = c.CustomerCard(name=CANARY, email=MAIL, phone="09011112222")
    address = c.Address(
        name=CANARY, postal_code="100-0001", country="JP", city="千代田区", line1=STREET, phone="09011112222"
    )
    ((customer, home),) = customers.take_in(builders.brand(), [(card, address)])
    row = Customer.objects.get(id=customer)
    order = builders.order(channel=channel, customer=row)
    Order.objects.filter(id=order.id).update(ship_to=home, customer_note="かなりあの伝言", lifecycle="closed")
    OrderHold.objects.create(id=uuid7(), order=order, reason="staff", detail=f"{CANARY} rang", set_by="taro",
                             set_at=clock.now(), released_by="taro",
                             released_at=clock.now())  # fmt: skip
    Message.objects.create(
        order_ref=order.id, customer_ref=row.id, template="order_received", source_id=order.id, locale="ja", to=MAIL,
        subject=f"{CANARY} 様", text=STREET, status="sent", created_at=clock.now(),
    )  # fmt: skip
    external_ids.claim(channel.id, "order", {"ext-1": order.id})
    event = Event(
        id="n-1", topic="orders/create", at=clock.now(), raw=orjson.dumps({"name": CANARY}), subject="order:ext-1"
    )
    inbox.store(channel.id, [event], origin="hook", body=event.raw)
    InboxEvent.objects.update(status="done")
    word = c.Message(reference="r", to=MAIL, subject=CANARY, text=STREET, sender="shop@example.jp")
    delivery.enqueue([NewDelivery(connection_id=channel.id, operation="message.send", key="k", words=[word], kind="message",
                                  subject=uuid7(), order_ref=order.id)])  # fmt: skip
    Delivery.objects.update(status="sent")
    Customer.objects.filter(id=row.id).update(note="likes tea")  # leaves what it said before in the history
    return Customer.objects.get(id=row.id)


def test_the_file_holds_everything_that_is_stored(hanako):
    with zipfile.ZipFile(io.BytesIO(disclose_person.archive(hanako, language="ja"))) as packed:
        data, page = packed.read("data.json").decode(), packed.read("data.html").decode()

    assert [one for one in (*NEEDLES, "likes tea") if one not in data or one not in page] == []
    told = orjson.loads(data)
    assert {label for label, rows in told["tables"].items() if rows} == {
        "customers.customer", "customers.customer:before", "customers.address", "orders.order", "orders.orderhold",
        "messaging.message",
    }  # fmt: skip
    assert [one["body"] for one in told["notices"]] == [{"name": CANARY}]
    assert [one["what"] for one in told["calls"]] == ["message.send"]
    assert "taro" not in data  # who of the staff it was is no data about her


def test_another_person_s_data_are_not_in_it(hanako):
    other = customers.take_in(builders.brand(), [(c.CustomerCard(name="太郎", email="taro@example.jp"), None)])[0][0]
    builders.order(customer=Customer.objects.get(id=other))
    assert "太郎" not in orjson.dumps(disclose_person.collect(hanako), default=str).decode()


def _everything() -> str:
    """Every text of every table, and every sealed body that still opens."""
    found = []
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            found += [row[0] for row in cursor.fetchall()]
    found += [str(delivery.words_of(row)) for row in Delivery.objects.all()]
    found += [
        inbox.raw(row).decode() for row in InboxEvent.objects.select_related("entry") if row.sealed or row.entry.sealed
    ]
    return "".join(found)


def test_after_an_erasure_nothing_of_theirs_is_found_anywhere_and_the_books_are_as_before(hanako):
    assert [one for one in NEEDLES if one not in _everything()] == []  # the search finds what is there
    before = (Order.objects.values_list("number", "total_minor").get(), list(Line.objects.values_list("id")))

    proof = erase_person.erase(hanako.id, by="owner", reason="asked by letter")

    assert [one for one in NEEDLES if one in _everything()] == []
    assert (Order.objects.values_list("number", "total_minor").get(), list(Line.objects.values_list("id"))) == before
    assert (proof.emptied["customers.customer"], proof.emptied["hub.delivery"], Erasure.objects.count()) == (1, 1, 1)
    assert Customer.objects.get(id=hanako.id).erased_at is not None


@pytest.mark.parametrize("label", ["customers.address", "orders.order", "messaging.message"])
def test_a_table_that_the_register_forgets_is_found_by_the_search(hanako, label, monkeypatch):
    held = personal_data.REGISTER[label]
    monkeypatch.setitem(personal_data.REGISTER, label, personal_data.Held(other=" ".join(held.names)))
    erase_person.erase(hanako.id, by="owner")
    assert [one for one in NEEDLES if one in _everything()] != []


def test_the_preview_says_what_the_erasure_does(hanako):
    told = erase_person.preview(hanako)
    done = erase_person.erase(hanako.id, by="owner").emptied
    assert done == told.emptied
    assert [one["system"] for one in told.elsewhere] == ["shopify"]


@pytest.mark.parametrize("what", ["order", "call", "notice"])
def test_nobody_is_erased_while_something_is_to_be_done(hanako, what):
    match what:
        case "order":
            Order.objects.update(lifecycle="open")
        case "call":
            Delivery.objects.update(status="waiting")
        case "notice":
            InboxEvent.objects.update(status="set_aside")
    with pytest.raises(erase_person.StillOpen), transaction.atomic():
        erase_person.erase(hanako.id, by="owner")
    assert Customer.objects.get(id=hanako.id).name == CANARY


def test_nobody_is_erased_twice(hanako):
    erase_person.erase(hanako.id, by="owner")
    with pytest.raises(erase_person.StillOpen), transaction.atomic():
        erase_person.erase(hanako.id, by="owner")


def test_who_orders_again_after_that_is_a_new_person(hanako):
    erase_person.erase(hanako.id, by="owner")
    again = customers.take_in(builders.brand(), [(c.CustomerCard(name=CANARY, email=MAIL), None)])[0][0]
    assert (again == hanako.id, Customer.objects.get(id=again).name) == (False, CANARY)


def test_a_body_with_somebody_else_s_order_in_it_stays_until_its_time(hanako):
    event = InboxEvent.objects.get()
    InboxEvent.objects.create(
        connection=event.connection, entry=event.entry, event_id="n-2", topic=event.topic, subject="order:ext-2",
        said_at=clock.now(), received_at=clock.now(), part=1, status="done", due_at=clock.now(),
    )  # fmt: skip
    erase_person.erase(hanako.id, by="owner")
    event.entry.refresh_from_db()
    assert event.entry.sealed is not None


def test_what_was_said_last_holds_and_mail_is_mirrored(hanako):
    for is_given in (True, False, True):
        consents.note(hanako, kind="mail", is_given=is_given, source="phone", wording="May we write?", noted_by="taro")
    consents.note(hanako, kind="sms", is_given=False, source="phone", wording="SMS?", noted_by="taro")
    standing = {kind: row.is_given for kind, row in consents.standing(hanako).items()}
    assert (standing, Customer.objects.get(id=hanako.id).marketing_allowed) == ({"mail": True, "sms": False}, True)

    erase_person.erase(hanako.id, by="owner")

    assert Customer.objects.get(id=hanako.id).marketing_allowed is False
    assert Consent.objects.filter(customer=hanako).count() == 4
    with pytest.raises(ValueError, match="erased"):
        consents.note(hanako, kind="mail", is_given=True, source="phone", wording="?", noted_by="taro")


def test_a_letter_is_emptied_when_its_time_is_over(hanako, settings):
    settings.LETTER_DAYS = 30
    retention.empty_old()
    assert Message.objects.get().to == MAIL
    Message.objects.update(created_at=clock.now() - timedelta(days=31))
    retention.empty_old()
    assert (Message.objects.get().to, Message.objects.get().text, Message.objects.get().template) == (
        "",
        "",
        "order_received",
    )
