"""The stand-ins, once for each test module, allowed as private peers; what they can be told and what their own file says.

A folder's name is its vendor's slug.
"""

from collections.abc import Callable, Iterator
from typing import Any

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


@pytest.fixture
def ledger(stand) -> Callable[..., list[tuple[Any, ...]]]:
    """Rows of the stand-ins' own file, read only."""
    return stand.rows


@pytest.fixture
def misbehave(stand, request) -> Callable[[str], Any]:
    """The next answer of the vendor of this folder goes wrong."""
    return lambda what: stand.told("misbehave", slug=request.path.parent.name, what=what, times=1)
