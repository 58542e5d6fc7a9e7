"""The base that every staff page stands on: rail by role, no inline anything, the shop's name."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory

from apps.core.models import Company
from apps.staff import pages
from tests.staff.people import browser_of, make_person


def _page(browser):
    """base.html as the person of this browser sees it."""
    return browser.get("/accounts/2fa/").wsgi_request


@pytest.mark.django_db
def test_rail_lists_what_the_role_may_open():
    person = make_person("wako", "warehouse")

    listed = [page.name for page, _address in pages.open_to(person)]

    assert "admin:index" not in listed
    assert set(listed) <= {"staff:desk", "staff:pack", "staff:stock", "staff:purchases"}


@pytest.mark.django_db
def test_base_renders_without_inline_script_or_style():
    Company.objects.create(name="Aobado")
    request = _page(browser_of(make_person("aoi", "owner")))

    page = render_to_string("staff/base.html", {"counts": {"admin:index": {"n": 3, "is": "act"}}}, request=request)

    assert "Aobado" in page
    assert '<span class="count" data-is="act">3' in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert all("src=" in tag for tag in page.split("<script")[1:])


@pytest.mark.django_db
def test_base_shows_a_stranger_no_rail():
    request = RequestFactory().get("/nowhere/")
    request.user, request.session = AnonymousUser(), {}

    page = render_to_string("staff/entrance.html", {}, request=request)

    assert "Back to work" not in page


@pytest.mark.parametrize("page", ["403.html", "403_csrf.html", "404.html", "429.html", "500.html"])
def test_a_page_of_an_error_stands_by_itself(page: str):
    """Django renders some of them without a request, a person or a database."""
    shown = render_to_string(page)

    assert "<h1>" in shown
    assert 'href="/"' in shown
