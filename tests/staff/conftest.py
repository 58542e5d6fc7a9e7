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


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    """Argon2 is slow on purpose; what is tested here is who may sign in, not how long it takes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
