"""Clients with scopes, and browsers that are programs."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from apps.api.models import Client
from apps.api.scopes import SCOPES

SECRET = "a-secret-of-the-tests-0123456789"


def make_client(*scopes: str, name: str = "till", **fields: Any) -> Client:
    """A client that may do this much."""
    return Client.objects.create(
        name=name, client_secret=SECRET, client_type=Client.CLIENT_CONFIDENTIAL, scopes=list(scopes), made_by="owner",
        authorization_grant_type=Client.GRANT_CLIENT_CREDENTIALS, **fields,
    )  # fmt: skip


def token_of(client: Client, **asked: str) -> str:
    """A token, as a program gets one."""
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": SECRET} | asked
    answer = Browser().post("/api/oauth/token/", form)
    assert answer.status_code == 200, answer.content
    return str(answer.json()["access_token"])


class Program:
    """Speaks JSON with a token; each write under a key of its own unless told."""

    def __init__(self, token: str) -> None:
        self.browser, self.token, self.count = Browser(raise_request_exception=False), token, 0

    def get(self, path: str, **headers: str) -> Any:
        return self.browser.get(path, headers=self._headers(headers))

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> Any:
        self.count += 1
        sent = {"idempotency-key": f"key-{self.token[:6]}-{self.count}" if key is None else key} | headers
        return self.browser.generic(
            method, path, body if isinstance(body, bytes) else json.dumps(body or {}), content_type="application/json",
            headers=self._headers(sent),
        )  # fmt: skip

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.send("POST", path, body, **more)

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} | {name.replace("_", "-"): text for name, text in more.items()}


@pytest.fixture(autouse=True)
def _quick_and_unlimited(settings, db) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def program_with() -> Callable[..., Program]:
    """`program_with("orders:read")`."""
    return lambda *scopes: Program(token_of(make_client(*scopes)))


@pytest.fixture
def program(program_with) -> Program:
    """One that may do everything."""
    return program_with(*SCOPES)
