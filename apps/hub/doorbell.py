"""The broker as a doorbell: "look now". Losing every ring makes things late by one sweep of the worker, never lost."""

import threading
from collections.abc import Callable

import structlog
from celery import current_app
from django.conf import settings

log = structlog.get_logger()

# The names of the tasks are part of the wire; the tasks themselves live in flows, above this floor.
LOOK = "apps.flows.tasks.look"

_wanted = threading.Event()
_thread: threading.Thread | None = None
_pause = threading.Event()  # never set: a wait that a daemon thread may be ended in
_lock = threading.Lock()
_ear: Callable[[], None] | None = None


def listen(ear: Callable[[], None]) -> None:
    """This process is a worker: its own rings are heard here and need no broker."""
    global _ear  # noqa: PLW0603 - one worker a process
    _ear = ear


def ring() -> None:
    """Ask a worker to look. Never blocks and never fails: the sending is another thread's."""
    global _thread  # noqa: PLW0603 - one ringing thread a process
    if _ear is not None:
        _ear()
        return
    if not settings.BROKER_URL:
        return
    _wanted.set()
    if _thread is None or not _thread.is_alive():
        with _lock:
            if _thread is None or not _thread.is_alive():
                _thread = threading.Thread(target=_keep_ringing, name="doorbell", daemon=True)
                _thread.start()


def _keep_ringing() -> None:
    while _wanted.wait():
        _wanted.clear()
        # Ten rings a second say as much as a thousand: what comes in the meantime is seen by the next look.
        _pause.wait(0.1)
        try:
            current_app.send_task(LOOK, ignore_result=True, retry=False, expires=60)
        except Exception as error:
            log.warning("doorbell.silent", reason=type(error).__name__)
