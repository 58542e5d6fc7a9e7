"""API clients on the screen: the secret is shown once and kept hashed; ending one ends its tokens."""

import pytest
from django.test import Client as Browser
from django.urls import reverse
from oauth2_provider.models import get_application_model

from apps.core.models import AuditEntry

pytestmark = pytest.mark.django_db
CLIENTS = reverse("staff:clients")


def _made(owner: Browser):
    return owner.post(CLIENTS, {"name": "till", "scopes": ["orders:read"], "days": "30"})


def test_the_secret_is_shown_once_works_and_is_kept_hashed(browser_as):
    owner = browser_as("owner")
    page = _made(owner)
    row, secret = get_application_model().objects.get(), page.context["secret"]

    assert (secret in page.content.decode(), secret in owner.get(CLIENTS).content.decode()) == (True, False)
    assert (secret in row.client_secret, row.scopes, row.made_by) == (False, ["orders:read"], "owner")
    assert page.headers["Cache-Control"].split(", ")[-1] == "private"
    form = {"grant_type": "client_credentials", "client_id": row.client_id, "client_secret": secret}
    assert Browser().post("/api/oauth/token/", form).status_code == 200
    assert [entry.detail for entry in AuditEntry.objects.all()] == [{"name": "till", "scopes": ["orders:read"]}]


def test_ending_it_ends_its_tokens_at_once(browser_as):
    owner = browser_as("owner")
    secret = _made(owner).context["secret"]
    row = get_application_model().objects.get()
    form = {"grant_type": "client_credentials", "client_id": row.client_id, "client_secret": secret}
    token = Browser().post("/api/oauth/token/", form).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    assert Browser().get("/api/v1/orders/", headers=headers).status_code == 200

    owner.post(reverse("staff:client_end", args=[row.pk]))

    assert Browser().get("/api/v1/orders/", headers=headers).status_code == 401
    assert Browser().post("/api/oauth/token/", form).status_code == 401


@pytest.mark.parametrize(
    "form", [{}, {"name": "x"}, {"name": "x", "scopes": ["everything"]}, {"scopes": ["orders:read"]}]
)
def test_a_client_without_name_or_rights_is_none(browser_as, form):
    assert browser_as("owner").post(CLIENTS, form).status_code in {200, 400}
    assert not get_application_model().objects.exists()
