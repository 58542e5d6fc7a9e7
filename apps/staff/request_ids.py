"""Every request has an id: in each line that it logs, and in the answer's header, so that one can be found by the other."""

import re
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from apps.core.ids import uuid7

HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIds:
    """An id that a trusted proxy has given is kept where it is well-formed; else one is made."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "") if settings.ALLAUTH_TRUSTED_PROXY_COUNT else ""
        id_ = given if _GIVEN.fullmatch(given) else uuid7().hex
        with structlog.contextvars.bound_contextvars(request=id_):
            response = self.get_response(request)
        response[HEADER] = id_
        return response
