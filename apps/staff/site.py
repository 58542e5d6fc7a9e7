"""The record room: Django's admin in Unfold's clothes, behind the same door as every other page.

It has no sign-in of its own. Its pages need a relaxed content security policy (Unfold's Alpine evaluates expressions,
its templates carry inline styles); the relaxation is set here and reaches no page outside /admin/.
"""

from collections.abc import Callable
from typing import Any

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from unfold.sites import UnfoldAdminSite

from apps.staff import roles

_relaxed = csp_update({"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]})


class RecordRoom(UnfoldAdminSite):
    """The one admin site."""

    def has_permission(self, request: HttpRequest) -> bool:
        """By ability, not by Django's is_staff flag: one table decides (roles.py)."""
        return roles.may(request.user, "records.view")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The house's own sign-in page; a signed-in person without the ability gets 403 from `admin_view`."""
        wanted = request.GET.get(REDIRECT_FIELD_NAME, reverse("admin:index"))
        return redirect(f"{reverse('account_login')}?{urlencode({REDIRECT_FIELD_NAME: wanted})}")

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        # The ability is asked for before Django asks, because Django answers with its sign-in page instead of 403.
        return _relaxed(roles.needs("records.view")(super().admin_view(view, cacheable)))
