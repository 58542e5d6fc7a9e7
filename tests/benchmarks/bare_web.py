"""The yardstick of a webhook: one Django view without middleware that checks the signature and stores the notice.

The same two rows, durable before the answer, in one statement of hand-written SQL on a connection that is kept open. The body
is stored as it came, where ours is sealed; nobody is rung.
"""

import base64
import hashlib
import hmac
import os
import uuid
from datetime import UTC, datetime
from typing import Any

import environ
import orjson
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    DATABASES={"default": environ.Env().db("DATABASE_URL") | {"CONN_MAX_AGE": None}}, ROOT_URLCONF=__name__, MIDDLEWARE=[],
    SECRET_KEY="bare", ALLOWED_HOSTS=["*"], USE_TZ=True, INSTALLED_APPS=[],
)  # fmt: skip

import django  # noqa: E402 - settings first
from django.db import connection as database  # noqa: E402

django.setup()

SECRET = os.environ["KUROGO_BENCH_HOOK_SECRET"].encode()
_STORE = """
WITH event AS (
    INSERT INTO hub_inboxevent (id, entry_id, connection_id, event_id, topic, subject, said_at, received_at, part, sealed,
        status, due_at, attempts, is_alone, waits_for, reason, done_at)
    VALUES (uuidv7(), %(entry)s, %(connection)s, %(event)s, %(topic)s, %(subject)s, %(now)s, %(now)s, 0, NULL, 'new', %(now)s,
        0, false, '', '', NULL)
    ON CONFLICT (connection_id, event_id) DO NOTHING RETURNING 1
)
INSERT INTO hub_inboxentry (id, connection_id, digest, topic, origin, received_at, size, sealed)
SELECT %(entry)s, %(connection)s, %(digest)s, %(topic)s, 'hook', %(now)s, %(size)s, %(body)s WHERE EXISTS (SELECT 1 FROM event)
"""


def hook(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Signature, one look into the body, one statement, 200."""
    body = request.body
    signature = base64.b64encode(hmac.new(SECRET, body, hashlib.sha256).digest())
    if not hmac.compare_digest(signature, request.headers.get("X-Shopify-Hmac-Sha256", "").encode()):
        return HttpResponse(status=401)
    told: dict[str, Any] = orjson.loads(body)
    topic, event = request.headers["X-Shopify-Topic"], request.headers["X-Shopify-Event-Id"]
    with database.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "entry": uuid.uuid4(), "connection": connection_id, "event": f"{topic}:{event}", "topic": topic,
                "subject": f"order:{told['name']}", "now": datetime.now(UTC), "size": len(body), "body": body,
                "digest": hashlib.sha256(topic.encode() + event.encode() + body).digest(),
            },
        )  # fmt: skip
    return HttpResponse(b"kept", content_type="text/plain", headers={"Content-Length": "4"})


def alive(_request: HttpRequest) -> HttpResponse:
    """For whoever waits until the server is up."""
    return HttpResponse(b"alive")


urlpatterns = [path("hooks/<uuid:connection_id>/", hook), path("", alive)]
application = WSGIHandler()
