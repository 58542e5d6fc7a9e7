"""Refusals are read in English here; their Japanese is the catalogue's matter."""

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield
