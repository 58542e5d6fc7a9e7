"""Real systems, each in a process of its own: one of each for a test worker, however many tests it runs."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from apps.connectors.vendure.connector import VendureConnector
from apps.connectors.vendure.settings import VendureSettings
from apps.core import net
from tests.real import npm
from tests.real.faults import Proxy
from tests.real.vendure_server import FOLDER, Server
from tests.real.vendure_shop import Shop

HERE = Path(__file__).parent
CONNECTION = UUID(int=9)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What has to be installed first is installed while the tests before these run."""
    if not config.option.collectonly and any(HERE in item.path.parents for item in items):
        npm.begin(FOLDER)


@pytest.fixture(scope="session")
def vendure(tmp_path_factory) -> Iterator[tuple[Shop, Proxy]]:
    """An open shop on a real server, and the way to it."""
    with Server(tmp_path_factory.mktemp("vendure")) as server, Proxy(server.url) as proxy:
        yield Shop(server), proxy
        net.close()


@pytest.fixture
def proxy(vendure, settings) -> Proxy:
    proxy = vendure[1]
    proxy.forget()
    settings.PRIVATE_PEERS = [f"127.0.0.1:{proxy.port}"]
    return proxy


@pytest.fixture
def shop(vendure) -> Shop:
    return vendure[0]


@pytest.fixture
def facts(shop, proxy) -> dict:
    """What a merchant types: a key with the rights that the README asks for."""
    return {"api_url": f"http://127.0.0.1:{proxy.port}/admin-api", "api_key": shop.key, "rows_a_page": 100}


@pytest.fixture
def connect(facts):
    """A connection to the shop; what a test is about is named."""
    return lambda **more: VendureConnector(VendureSettings(**(facts | more)), CONNECTION)


@pytest.fixture
def connector(connect) -> VendureConnector:
    return connect(refund_wait_seconds=0)


@pytest.fixture
def misconfigured(connect) -> VendureConnector:
    return connect(api_key="0123456789ab:wrong")


@pytest.fixture
def secret(shop) -> str:
    return shop.key


@pytest.fixture
def misbehave(proxy):
    return proxy.told.append


@pytest.fixture
def words(connector):
    """What the connector makes of an order by its id."""

    def read(id):
        event = connector.fetch_order(id)
        return connector.read(event.topic, event.raw)

    return read
