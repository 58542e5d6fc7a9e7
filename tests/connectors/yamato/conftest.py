"""A contract with Yamato, and the desk with B2 Cloud at the stand-in."""

import base64
from uuid import UUID

import pytest

from apps.connectors.yamato.connector import YamatoConnector
from apps.connectors.yamato.settings import YamatoSettings
from apps.core import clock

CONNECTION = UUID(int=21)
CONTRACT = YamatoSettings(customer_code="090123456789", contents="和のうつわ")


@pytest.fixture
def connector():
    return YamatoConnector(CONTRACT, CONNECTION)


@pytest.fixture
def misset():
    return YamatoConnector(YamatoSettings(), CONNECTION)


@pytest.fixture
def today():
    return clock.business_date()


@pytest.fixture
def program(stand):
    """Somebody registers a sheet with B2 Cloud and downloads what it issued: (slips, refused, file)."""

    def register(content: bytes):
        before = len(stand.told("yamato/slips")["slips"])
        told = stand.told("yamato/import", file=base64.b64encode(content).decode())
        assert "error" not in told, told
        file = stand.told("yamato/issued", after=before)["file"]
        return told["slips"], told["refused"], base64.b64decode(file)

    return register
