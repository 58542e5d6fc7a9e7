"""The web process: /hooks/ is answered before Django's middleware, everything else by Django."""

import os
import time
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_wsgi_application()

from apps.hub import hooks  # noqa: E402 - models can be imported only after Django is set up
from apps.staff import watching  # noqa: E402
from config import celery  # noqa: E402, F401 - the doorbell speaks through the current Celery application


def application(environ: dict[str, Any], start_response: hooks.StartResponse) -> Iterable[bytes]:
    """One WSGI application for the whole product."""
    if environ["PATH_INFO"].startswith(hooks.PREFIX):
        began = time.perf_counter()
        answer = hooks.application(environ, start_response)
        watching.hook_answered(time.perf_counter() - began)
        return answer
    response: Iterable[bytes] = _django(environ, start_response)
    return response
