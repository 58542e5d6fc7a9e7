"""The stand-ins, once for each test module, allowed as private peers."""

from collections.abc import Iterator

import pytest

from apps.core import net, net_smtp
from tests.connectors.stand import Stand


@pytest.fixture(scope="module")
def shared_stand(tmp_path_factory) -> Iterator[Stand]:
    """The stand-ins behaving, started once a module."""
    with Stand(tmp_path_factory.mktemp("world")) as stand:
        yield stand
        net.close()
        net_smtp.hang_up()


@pytest.fixture
def stand(shared_stand, settings) -> Stand:
    """The stand-ins, reachable; nothing heard yet."""
    settings.PRIVATE_PEERS = shared_stand.peers()
    shared_stand.forget()
    return shared_stand
