"""Business time set by hand, and the stand-ins by which people are told."""

from datetime import timedelta

import pytest

from apps.core import clock, net, net_smtp
from apps.core.models import Company
from apps.flows import tell, wiring
from apps.hub import connections
from tests import builders
from tests.connectors.stand import Stand
from tests.flows.telling.shop import NIGHT, carry


class Time:
    """Business time, set by hand."""

    now = NIGHT

    def pass_(self, span: timedelta) -> None:
        """So long later people are told, and what is due leaves."""
        self.now += span
        tell.run(self.now)
        carry()


@pytest.fixture
def time(monkeypatch):
    time = Time()
    monkeypatch.setattr(clock, "now", lambda: time.now)
    return time


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Stand(tmp_path_factory.mktemp("world")) as stand:
        yield stand
        net.close()
        net_smtp.hang_up()


@pytest.fixture
def stand(world, settings):
    settings.PRIVATE_PEERS = world.peers()
    world.forget()
    return world


@pytest.fixture
def mail(stand, time):
    Company.objects.create(name="青葉堂")
    host, _, port = stand.told("status")["addresses"]["smtp"].rpartition(":")
    made = connections.create(
        brand=builders.brand(), connector="smtp", name="Mail", secrets={},
        settings={"host": host, "port": int(port), "security": "none", "sender": "Kurogo <house@example.jp>"},
    )  # fmt: skip
    wiring.forget()
    return made
