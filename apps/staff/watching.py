"""What machines ask: is the process there (`/healthz`), is the shop well (`/readyz`), how much of everything (`/metrics`).

The first two are open and say nothing that a competitor could use; figures are for loopback or the bearer of
KUROGO_METRICS_TOKEN. A refused one is not told whether a token is set.
"""

import hmac
import os
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseForbidden, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from apps.flows import standing
from apps.hub import queries
from apps.hub.models import Connection
from apps.staff.middleware import is_at_home

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SECONDS = Histogram(
    "kurogo_request_seconds",
    "Time to answer a request, by the name of its address",
    ("view", "method"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0),
)
ANSWERS = Counter("kurogo_answers", "Answers by class of status", ("view", "status"))


class Metered:
    """Times every request by the name of its address; what has no name is counted together, so that no stranger makes names."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        view = (match.view_name if match else "") or "unnamed"
        method = request.method if request.method in METHODS else "other"
        SECONDS.labels(view, method).observe(time.perf_counter() - began)
        ANSWERS.labels(view, f"{response.status_code // 100}xx").inc()
        return response


class Alive:
    """Answers `/healthz` and `/readyz` before anything asks the database for a language or a place: it may be away."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = {"/healthz": healthz, "/readyz": readyz}.get(request.path)
        return view(request) if view else self.get_response(request)


def hook_answered(seconds: float) -> None:
    """A call of /hooks/, which Django does not see."""
    SECONDS.labels("hooks", "POST").observe(seconds)


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponseBase:
    """200 while this process answers; nothing else is asked, so that a database's pause ends no web process."""
    return JsonResponse({"ok": True})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponseBase:
    """How the shop stands; 503 with the reasons while something is late, silent or failed."""
    found = standing.now()
    said = {
        "ready": not found.reasons,
        "reasons": found.reasons,
        "database": found.has_database,
        "oldest_due_seconds": {"inbox": _whole(found.inbox_age), "deliveries": _whole(found.delivery_age)},
        "last_beat_seconds": _whole(found.beat_age),
        "last_night": {"night": found.night or None, "ok": found.is_night_well},
    }
    return JsonResponse(said, status=503 if found.reasons else 200)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponseBase:
    """Prometheus' text."""
    if not (_is_from_this_machine(request) or _bears_the_token(request)):
        return HttpResponseForbidden("not for you\n", content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(Queues())  # type: ignore[arg-type]
    shared = os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # set where several web processes count together
    if shared:
        MultiProcessCollector(registry, path=shared)  # type: ignore[no-untyped-call]
    own = b"" if shared else generate_latest(REGISTRY)
    return HttpResponse(generate_latest(registry) + own, content_type=CONTENT_TYPE_LATEST)


class Queues:
    """Ages and bounded counts out of the database, read when asked for."""

    def collect(self) -> Iterator[Metric]:
        """Nothing but `kurogo_up 0` while the database is away."""
        found = standing.now()
        yield GaugeMetricFamily("kurogo_up", "Whether the database answers", value=int(found.has_database))
        if not found.has_database:
            return
        yield GaugeMetricFamily("kurogo_ready", "Whether /readyz says so", value=int(not found.reasons))
        ages = GaugeMetricFamily("kurogo_oldest_due_seconds", "Age of the row due longest", labels=["queue"])
        ages.add_metric(["inbox"], found.inbox_age or 0.0)
        ages.add_metric(["deliveries"], found.delivery_age or 0.0)
        yield ages
        if found.beat_age is not None:
            yield GaugeMetricFamily("kurogo_last_beat_seconds", "Since the timetable was kept", value=found.beat_age)
        yield GaugeMetricFamily("kurogo_night_ok", "Whether the last night went well", value=int(found.is_night_well))
        waiting = GaugeMetricFamily(
            "kurogo_waiting",
            f"Calls due, unknown or waiting for a person, notices set aside; counted up to {queries.MOST + 1}",
            labels=["connection", "connector", "state"],
        )
        rows = {row.id: row for row in Connection.objects.all()}
        for connection, states in queries.waiting_by_connection().items():
            for state, count in states.items():
                waiting.add_metric([str(connection), rows[connection].connector, state], count)
        yield waiting


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)


def _is_from_this_machine(request: HttpRequest) -> bool:
    """Loopback to loopback, and no proxy in between: where one serves https for us, everybody comes from loopback."""
    return is_at_home(request) and not settings.IS_HTTPS and not settings.ALLAUTH_TRUSTED_PROXY_COUNT


def _bears_the_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given.encode(), wanted.encode())
