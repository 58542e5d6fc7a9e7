"""The parrot among the connectors, and the vendor's clock in the test's hands."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from apps.core import clock
from apps.hub import connections, registry
from apps.hub.models import Connection
from tests import builders
from tests.hub import parrot as bird


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    bird.script.clear()
    bird.heard.clear()
    connections.forget()
    yield
    connections.forget()


@pytest.fixture
def parrot(db, monkeypatch) -> Connection:
    """A connection to the parrot."""
    known = registry.manifests()
    monkeypatch.setattr(registry, "manifests", lambda: known | {"parrot": bird.MANIFEST})
    return connections.create(
        brand=builders.brand(), connector="parrot", name="Parrot", settings={},
        secrets={"token": "parrot-token-canary", "hook_secret": "the-secret"},
    )  # fmt: skip


@pytest.fixture
def drive(tmp_path, settings) -> clock.Drive:
    """Business time, standing until it is moved."""
    settings.CLOCK_FILE = str(tmp_path / "clock")
    return clock.Drive(tmp_path / "clock", datetime(2026, 11, 23, tzinfo=UTC))
