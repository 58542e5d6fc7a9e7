"""People who want to be told, orders that are on hold, and what the mail server itself says it took."""

from datetime import UTC, datetime, timedelta

from apps.core.ids import uuid7
from apps.flows import dispatch
from apps.hub import delivery
from apps.hub.models import Connection
from apps.messaging.models import AlertChoice
from apps.orders.models import OrderHold
from tests import builders
from tests.staff.people import make_person

NIGHT = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # 02:00 in Tokyo
MINUTE = timedelta(minutes=1)


def choose(connection, name="aoi", role="staff", **facts):
    person = make_person(name, role)
    facts = {"is_on": True, "to": f"{name}-{uuid7()}@example.jp", "locale": "en", "changed_at": NIGHT} | facts
    return AlertChoice.objects.create(person=person, connection=connection, **facts)


def hold(count, reason="no_address"):
    """So many orders wait for a person."""
    channel = Connection.objects.filter(connector="csv").first() or builders.connection("csv", status="paused")
    for order in [builders.order(channel, is_held=True) for _ in range(count)]:
        OrderHold.objects.create(order=order, reason=reason, set_by="rule", set_at=NIGHT)


def carry():
    """Everything that is due leaves, and its answers are taken in."""
    while claimed := delivery.claim(40):
        for one in claimed:
            delivery.make(one)
    while dispatch.drain("test"):
        pass


def taken(stand, to):
    """What the mail server itself says it took for this address, newest first."""
    return stand.told("smtp/letters", to=to, last=999)["letters"]
