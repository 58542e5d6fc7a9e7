"""`browser_as("warehouse")` is a fully signed-in browser of somebody with that role."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.staff.people import browser_of, make_person


@pytest.fixture
def browser_as(db: None) -> Callable[[str], Client]:
    def signed_in(role: str) -> Client:
        return browser_of(make_person(role, role))

    return signed_in
