"""The content security policy: strict on every page, relaxed under /admin/ alone, and as much as Unfold needs."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

SignIn = Callable[[str], Client]
STRICT = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def _policy(response) -> dict[str, str]:
    told = response.headers["Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in told.split(";") if part.strip())


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["staff:home", "account_login", "account_inactive", "health"])
def test_pages_for_strangers_are_strict(name: str):
    assert _policy(Client().get(reverse(name))) == STRICT


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/2fa/", "/nowhere/"])
def test_pages_for_staff_are_strict(browser_as: SignIn, path: str):
    assert _policy(browser_as("owner").get(path)) == STRICT


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["admin:index", "admin:orders_order_changelist", "admin:core_company_add"])
def test_the_record_room_is_relaxed_as_far_as_unfold_needs(browser_as: SignIn, name: str):
    assert _policy(browser_as("owner").get(reverse(name))) == STRICT | {
        "script-src": "'self' 'unsafe-eval'",
        "style-src": "'self' 'unsafe-inline'",
    }


@pytest.mark.django_db
def test_a_refusal_in_the_record_room_is_strict_again(browser_as: SignIn):
    assert _policy(browser_as("warehouse").get(reverse("admin:index"))) == STRICT


@pytest.mark.django_db
def test_no_page_is_framed_or_sniffed_and_none_tells_others_where_it_is(browser_as: SignIn):
    headers = browser_as("owner").get("/accounts/2fa/").headers

    assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == (
        "DENY",
        "nosniff",
        "same-origin",
    )
