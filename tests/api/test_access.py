"""Who may come in: a table of every address, method and scope, written out by hand, knocked at with every single scope."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import get_resolver

from apps.api import access
from apps.api.models import Client
from apps.api.scopes import SCOPES
from apps.core import clock
from tests.api.conftest import SECRET, Program, make_client, token_of
from tests.staff.addresses import every_address
from tests.staff.people import browser_of, make_person

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# View -> method -> scope. A new view without a row fails below; a method that is not named is open to nobody.
NEEDS = {
    "api:orders": {"GET": "orders:read"},
    "api:orders_one": {"GET": "orders:read", "PATCH": "orders:write"},
    "api:orders_hold": {"POST": "orders:write"},
    "api:orders_release": {"POST": "orders:write"},
    "api:orders_cancel": {"POST": "orders:write"},
    "api:products": {"GET": "products:read", "POST": "products:write"},
    "api:products_one": {"GET": "products:read"},
    "api:stock": {"GET": "stock:read"},
    "api:stock_one": {"GET": "stock:read"},
    "api:stock_set_aside": {"POST": "stock:write"},
    "api:stock_bring_back": {"POST": "stock:write"},
    "api:customers": {"GET": "customers:read"},
    "api:customers_one": {"GET": "customers:read"},
    "api:shipments": {"GET": "shipments:read"},
    "api:shipments_one": {"GET": "shipments:read"},
    "api:returns": {"GET": "returns:read"},
    "api:returns_one": {"GET": "returns:read"},
    "api:differences": {"GET": "differences:read"},
    "api:differences_one": {"GET": "differences:read"},
    "api:connections": {"GET": "connections:read"},
    "api:connections_one": {"GET": "connections:read"},
}
# Without a token: the tokens themselves, the description, what is for people (signed in), and what leads nowhere.
APART = {"api:token", "api:revoke", "api:schema", "api:docs", "api:nowhere"}


def _api() -> dict[str, str]:
    return {one.name: one.path for one in every_address() if one.name.startswith("api:")}


def test_every_address_has_a_row():
    assert set(_api()) == set(NEEDS) | APART
    assert get_resolver() is not None


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_opens_what_its_scope_says_and_nothing_else(scope: str):
    program = Program(token_of(make_client(scope)))
    opened = set()
    for name, path in _api().items():
        if name in APART:
            continue
        for method in METHODS:
            answer = program.send(method, path, {})
            assert answer.status_code < 500
            if answer.status_code not in {401, 403, 405}:
                opened.add((name, method))

    assert opened == {(name, method) for name, row in NEEDS.items() for method, needs in row.items() if needs == scope}


def test_without_a_token_nothing_opens():
    for name, path in _api().items():
        if name in APART:
            continue
        for method in METHODS:
            answer = Browser().generic(method, path, "{}", content_type="application/json")
            assert (name, method, answer.status_code) == (name, method, 401)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_is_no_token():
    owner = browser_of(make_person("owner1", "owner"))

    assert owner.get("/api/v1/orders/").status_code == 401
    assert owner.get("/api/v1/docs/").status_code == 200
    assert Browser().get("/api/v1/docs/").status_code == 302


@pytest.mark.parametrize("token", ["", "x", "Bearer", "é", "a" * 5000])
def test_a_token_that_is_none_opens_nothing(token: str):
    assert Program(token).get("/api/v1/orders/").status_code == 401


def test_a_wrong_secret_gets_no_token():
    client = make_client("orders:read")
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": "wrong"}

    assert Browser().post("/api/oauth/token/", form).status_code == 401


@pytest.mark.parametrize("grant", ["password", "authorization_code", "implicit", "refresh_token", ""])
def test_no_other_way_to_a_token(grant: str):
    client = make_client("orders:read")
    form = {
        "grant_type": grant,
        "client_id": client.client_id,
        "client_secret": SECRET,
        "username": "a",
        "password": "b",
    }

    assert Browser().post("/api/oauth/token/", form).status_code in {400, 401}


def test_a_client_gets_no_more_than_it_was_given():
    client = make_client("orders:read")
    form = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": SECRET,
        "scope": "orders:write",
    }

    assert Browser().post("/api/oauth/token/", form).status_code == 400


def test_a_scope_that_is_taken_away_is_gone_at_once():
    client = make_client("orders:read", "stock:read")
    program = Program(token_of(client))
    assert program.get("/api/v1/stock/").status_code == 200

    Client.objects.filter(pk=client.pk).update(scopes=["orders:read"])

    assert program.get("/api/v1/stock/").status_code == 403
    assert "stock:read" in program.get("/api/v1/stock/").json()["detail"]


@pytest.mark.parametrize("change", [{"ended_at": timedelta(0)}, {"expires_at": timedelta(seconds=-1)}])
def test_a_client_that_has_ended_is_out_at_once(change: dict[str, timedelta]):
    client = make_client("orders:read")
    program = Program(token_of(client))

    Client.objects.filter(pk=client.pk).update(**{name: clock.wall() + span for name, span in change.items()})

    assert program.get("/api/v1/orders/").status_code == 401
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": SECRET}
    assert Browser().post("/api/oauth/token/", form).status_code == 401


def test_a_revoked_token_is_out_at_once():
    client = make_client("orders:read")
    token = token_of(client)
    form = {"token": token, "client_id": client.client_id, "client_secret": SECRET}

    assert Browser().post("/api/oauth/revoke/", form).status_code == 200
    assert Program(token).get("/api/v1/orders/").status_code == 401


def test_neither_secret_nor_token_lies_in_the_database():
    client = make_client("orders:read")
    token = token_of(client)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM api_client t")
        told = str(cursor.fetchall())
        cursor.execute("SELECT row_to_json(t)::text FROM oauth2_provider_accesstoken t")
        told += str(cursor.fetchall())

    assert (SECRET in told, token in told) == (False, False)


def test_too_many_requests_are_told_when_to_come_again(settings, monkeypatch):
    monkeypatch.setattr(access.PerClient, "THROTTLE_RATES", {"client": "3/min"})
    program = Program(token_of(make_client("orders:read")))
    answers = [program.get("/api/v1/orders/") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[3].headers["Retry-After"]) <= 60
    assert answers[3].json()["type"] == "urn:kurogo:problem:too-many-requests"


def test_last_use_is_kept():
    client = make_client("orders:read")
    Program(token_of(client)).get("/api/v1/orders/")
    client.refresh_from_db()

    assert client.last_used_at is not None


def test_what_leads_nowhere_is_a_problem():
    answer = Browser().get(f"/api/v1/nothing/{UUID(int=1)}/")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
