"""Who speaks: a bearer token of a client, never a session cookie. What it may do: the view names one scope for each method."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from rest_framework import permissions, throttling
from rest_framework.request import Request

from apps.api.models import Client
from apps.core import clock

_USED_EVERY = timedelta(minutes=1)


class Bearer(OAuth2Authentication):
    """The token of a client that has not ended; when it was last used is kept to the minute."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found = super().authenticate(request)
        if found is None or found[1].application is None:
            return None
        client = found[1].application
        if not client.is_usable(request):
            return None
        wall = clock.wall()
        if client.last_used_at is None or client.last_used_at < wall - _USED_EVERY:
            stale = Q(last_used_at=None) | Q(last_used_at__lt=wall - _USED_EVERY)
            Client.objects.filter(stale, pk=client.pk).update(last_used_at=wall)
        return found


class HasScope(permissions.BasePermission):
    """The token must carry the scope that the view names for the method."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method == "OPTIONS" or request.auth is None:
            return False
        wanted = view.scopes.get(request.method)
        self.message = f"The token lacks the scope {wanted}."
        return wanted is not None and request.auth.is_valid([wanted]) and wanted in request.auth.application.scopes


class PerClient(throttling.SimpleRateThrottle):
    """So many requests a minute for each client; strangers share one by their address."""

    scope = "client"

    def get_cache_key(self, request: Request, view: Any) -> str:
        who = f"client:{request.auth.application_id}" if request.auth else f"address:{self.get_ident(request)}"
        return f"api:{who}"
