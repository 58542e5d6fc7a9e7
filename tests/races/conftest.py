"""The shop windows among the connectors, and a clock of their own."""

import pytest
from django.test import override_settings

from apps.flows import wiring
from apps.hub import connections, registry
from tests.races import windows as shop_windows
from tests.races.shop import Shop


@pytest.fixture
def windows(db, monkeypatch, tmp_path):
    known = registry.manifests()
    monkeypatch.setattr(registry, "manifests", lambda: known | shop_windows.MANIFESTS)
    Shop.clock_file = tmp_path / "clock"
    with override_settings(CLOCK_FILE=str(tmp_path / "clock")):
        yield
    shop_windows.windows.clear()
    wiring.forget()
    connections.forget()
