"""Every error as a problem of RFC 9457: `type` names the kind, `title` says it, `detail` says what was wrong this time."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

log = structlog.get_logger()
TYPE = "application/problem+json"
_KINDS = {
    400: "invalid", 401: "unauthenticated", 403: "forbidden", 404: "not-found", 405: "method-not-allowed",
    406: "not-acceptable", 409: "conflict", 412: "changed-meanwhile", 413: "too-large", 415: "unsupported-media-type",
    422: "key-reused", 428: "key-required", 429: "too-many-requests", 500: "fault",
}  # fmt: skip


class Conflict(exceptions.APIException):
    """The thing is in a state in which this cannot be done, or somebody is at it this moment."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "This cannot be done now."


class Gone(exceptions.NotFound):
    """There is no such thing."""


class KeyReused(exceptions.APIException):
    """The same idempotency key came with another request."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was used for another request."


class KeyRequired(exceptions.APIException):
    """A write without an idempotency key."""

    status_code = HTTPStatus.PRECONDITION_REQUIRED
    default_detail = "A write needs the header Idempotency-Key: any text of your own, the same when you try again."


class ChangedMeanwhile(exceptions.APIException):
    """`If-Match` names another state than the present one."""

    status_code = HTTPStatus.PRECONDITION_FAILED
    default_detail = "It was changed meanwhile. Read it again and decide anew."


class TooLarge(exceptions.APIException):
    """The body is larger than the API takes."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."


def body_of(status: int, detail: str, **more: Any) -> dict[str, Any]:
    """The members of a problem."""
    kind = _KINDS.get(status, "error")
    return {
        "type": f"urn:kurogo:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    } | more


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler: nothing leaves but problems, and no problem tells what a fault of ours was."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    set_rollback()
    if not isinstance(error, exceptions.APIException):
        log.exception("api.fault", view=type(context["view"]).__name__)
        return _answer(body_of(500, "A fault of Kurogo's; nothing was changed. Try again with the same key."), {})
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    if isinstance(error, exceptions.ValidationError):
        body = body_of(400, "Some fields do not fit.", errors=error.get_full_details())
    else:
        body = body_of(error.status_code, _words(error.detail))
    return _answer(body, headers)


def _words(detail: Any) -> str:
    return "; ".join(str(part) for part in detail) if isinstance(detail, list) else str(detail)


def _answer(body: dict[str, Any], headers: Mapping[str, str]) -> Response:
    answer = Response(body, status=body["status"], headers=dict(headers))
    answer.content_type = TYPE
    return answer


def plain(status: int, detail: str) -> JsonResponse:
    """A problem where DRF is not at work."""
    return JsonResponse(body_of(status, detail), status=status, content_type=TYPE)


@csrf_exempt
def not_found(_request: HttpRequest, **_kwargs: Any) -> JsonResponse:
    """For addresses below /api/ that lead nowhere."""
    return plain(404, "There is nothing at this address.")
