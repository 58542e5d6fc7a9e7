"""Tokens for client id and secret (RFC 6749 §4.4), and their end (RFC 7009). The provider is django-oauth-toolkit."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from oauth2_provider.views import RevokeTokenView, TokenView
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from apps.api import problems

_give, _end = TokenView.as_view(), RevokeTokenView.as_view()


class _PerAddress(SimpleRateThrottle):
    """Whoever guesses secrets does so slowly."""

    scope = "token"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return f"api:token:{self.get_ident(request)}"


@csrf_exempt
@never_cache
@sensitive_post_parameters()
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """An access token for `grant_type=client_credentials`."""
    return _throttled(request) or _give(request)


@csrf_exempt
@never_cache
@sensitive_post_parameters()
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """The token ends."""
    return _throttled(request) or _end(request)


def _throttled(request: HttpRequest) -> HttpResponse | None:
    limit = _PerAddress()
    if limit.allow_request(Request(request), None):
        return None
    answer = problems.plain(429, "Too many requests for tokens from this address. Keep a token as long as it lives.")
    answer.headers["Retry-After"] = str(max(1, round(limit.wait() or 1)))
    return answer
