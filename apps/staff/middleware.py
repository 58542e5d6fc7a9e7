"""Who gets past the door: nobody by default. A page is public only when `PUBLIC` names it.

A person who is not signed in is sent to sign in; one whose role needs a second factor and who has not given it in this
session is sent to enrol or to give it, and reaches nothing else (tests walk every URL in both states). A demo has no
second factor and therefore serves its own machine alone: loopback peer, loopback listener, no proxy in between.
"""

import ipaddress
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseForbidden, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from apps.core import clock, place
from apps.staff import accounts, roles

PUBLIC = frozenset(
    {
        "account_login",
        "account_logout",
        "account_inactive",
        "mfa_authenticate",
        "set_language",
        "health",
        "healthz",
        "readyz",
        "metrics",
        "staff:home",
        "staff:setup_owner",
    }
)
# What a person may reach between the password and the second factor.
HALFWAY = frozenset({"mfa_activate_totp", "mfa_reauthenticate", "account_reauthenticate", *PUBLIC})
# What people read of the API, signed in.
API_FOR_PEOPLE = frozenset({"api:docs"})
_PROXY_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED")

Next = Callable[[HttpRequest], HttpResponseBase]


class DemoStaysAtHome:
    """Refuses every request to a demo that does not come from this machine to a listener on this machine."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.IS_DEMO and not is_at_home(request):
            return HttpResponseForbidden(_("This is a demo; it answers only on the computer it runs on."))
        return self.get_response(request)


class Door:
    """Decides for every view whether this person may come in at all; what they may do there is the view's affair."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if SESSION_KEY in request.session and not request.user.is_authenticated:
            request.session.flush()  # the person was disabled or removed: the session ends, also for later
        place.look()
        timezone.activate(clock.shop_zone())
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponseBase | None:
        assert request.resolver_match is not None
        name = request.resolver_match.view_name
        if name in PUBLIC or (request.resolver_match.namespace == "api" and name not in API_FOR_PEOPLE):
            return None  # the API asks for a token itself, and takes no session for one
        if not request.user.is_authenticated:
            return _send(request, "account_login")
        if name not in HALFWAY and not is_fully_signed_in(request):
            is_enrolled = accounts.has_second_factor(request.user)
            return _send(request, "mfa_reauthenticate" if is_enrolled else "mfa_activate_totp")
        return None


def is_fully_signed_in(request: HttpRequest) -> bool:
    """Signed in, and the second factor given where one is needed."""
    user = request.user
    if not user.is_authenticated:
        return False
    if getattr(request, "came_in_as", None) == user.pk:  # the door has looked; the page need not ask again
        return True
    is_in = (settings.IS_DEMO and is_at_home(request)) or not roles.needs_second_factor(user)
    is_in = is_in or (accounts.gave_second_factor(request) and accounts.has_second_factor(user))
    if is_in:
        request.came_in_as = user.pk  # type: ignore[attr-defined]
    return is_in


def is_at_home(request: HttpRequest) -> bool:
    """Whether both ends of the connection are this machine: REMOTE_ADDR the peer, SERVER_NAME the listening address."""
    if any(header in request.META for header in _PROXY_HEADERS):
        return False
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and _is_loopback(request.META.get("SERVER_NAME", ""))


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        ip = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def _send(request: HttpRequest, name: str) -> HttpResponse:
    """To another page first; htmx would put the page of a redirect into this one, so it is told to go there."""
    is_part = bool(getattr(request, "htmx", False))
    wanted = request.htmx.current_url_abs_path if is_part else request.get_full_path()  # type: ignore[attr-defined]
    target = f"{reverse(name)}?{urlencode({REDIRECT_FIELD_NAME: wanted or '/'})}"
    if is_part:
        return HttpResponseForbidden(headers={"HX-Redirect": target})
    if request.method not in ("GET", "HEAD"):
        return HttpResponseRedirect(reverse(name))
    return HttpResponseRedirect(target)
