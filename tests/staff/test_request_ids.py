"""Every answer names the request, and a stranger's name for it is not believed."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_each_request_has_its_own_id():
    first, second = (Client().get("/health/").headers["X-Request-ID"] for _ in range(2))
    assert (len(first), first == second) == (32, False)


@pytest.mark.parametrize(
    ("proxies", "given", "is_kept"),
    [(0, "from-a-stranger", False), (1, "from-the-proxy", True), (1, "x y\tz", False), (1, "short", False)],
)
def test_only_a_trusted_proxy_names_it(settings, proxies, given, is_kept):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    told = Client().get("/health/", headers={"x-request-id": given}).headers["X-Request-ID"]
    assert (told == given) is is_kept
