"""A write happens once for each idempotency key, by Stripe's rules (docs.stripe.com/api/idempotent_requests).

What does not validate is not kept. Once the write begins its answer is kept, a fault's too, and every repeat gets it; the same
key with another request is refused, and so is one while the first is still at work. The answer is written in the transaction
of the effect: a program that was killed in between has had no effect, and the repeat makes it.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import Http404
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import problems
from apps.api.models import Answered
from apps.core import clock, crypto

log = structlog.get_logger()
LEASE = timedelta(seconds=60)
LONGEST = 255


def once(request: Request, write: Callable[[], tuple[int, Any]]) -> Response:
    """Make a write under the request's key, or answer what it was answered before. `write` gives status and body; an
    `APIException` of it is an answer like any other.
    """
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key:
        raise problems.KeyRequired
    if len(key) > LONGEST:
        raise exceptions.ValidationError({"Idempotency-Key": [f"At most {LONGEST} characters."]})
    row = _begin(request, key)
    if row.status is not None:
        return _replayed(row)
    try:
        with transaction.atomic():
            status, body = write()
            _keep(row, status, body)
    except (exceptions.APIException, Http404) as refused:
        answer = problems.handle(refused, {"view": None})
        _keep(row, answer.status_code, answer.data)
        return answer
    except Exception:
        log.exception("api.fault", path=request.path)
        body = problems.body_of(
            500, "A fault of Kurogo's; nothing was changed. It is answered so under this key: use another."
        )
        _keep(row, 500, body)
        return Response(body, status=500, content_type=problems.TYPE)
    return Response(body, status=status)


def _begin(request: Request, key: str) -> Answered:
    """The key's row: new and ours, or one with an answer. Raises `KeyReused`, `Conflict` while another is at work."""
    client, wall = request.auth.application, clock.wall()
    said = (
        f"{request.method} {request.path}\n".encode() + json.dumps(request.data, sort_keys=True, default=str).encode()
    )
    digest = hashlib.sha256(said).digest()
    try:
        with transaction.atomic():
            return Answered.objects.create(client=client, key=key, digest=digest, leased_until=wall + LEASE)
    except IntegrityError:
        row = Answered.objects.get(client=client, key=key)
    if bytes(row.digest) != digest:
        raise problems.KeyReused
    if row.status is not None:
        return row
    dead = Q(leased_until=None) | Q(leased_until__lte=wall)
    if not Answered.objects.filter(dead, id=row.id, status=None).update(leased_until=wall + LEASE):
        raise problems.Conflict("The first request with this key is still at work.")
    return row


def _keep(row: Answered, status: int, body: Any) -> None:
    """Write the answer down; only the first of two that thought they were the one."""
    plain = json.dumps(body, cls=DjangoJSONEncoder).encode()
    sealed = crypto.seal(plain, table="api_answered", row=row.id, field="sealed")
    if not Answered.objects.filter(id=row.id, status=None).update(status=status, sealed=sealed, leased_until=None):
        raise problems.Conflict("Another request with this key was quicker.")


def _replayed(row: Answered) -> Response:
    assert row.status is not None
    assert row.sealed is not None
    body = json.loads(crypto.unseal(row.sealed, table="api_answered", row=row.id, field="sealed"))
    answer = Response(body, status=row.status, headers={"Idempotent-Replayed": "true"})
    if row.status >= 400:
        answer.content_type = problems.TYPE
    return answer
