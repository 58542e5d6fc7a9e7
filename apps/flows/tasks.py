"""Celery's side of the doorbell: thin tasks that say "look now". The truth is in the rows."""

from celery import shared_task
from celery.signals import worker_init, worker_shutdown

from apps.flows import nights, worker

_running: list[worker.Worker] = []


@shared_task(ignore_result=True)
def look() -> None:
    """Somebody stored something."""
    worker.ring()


@shared_task(ignore_result=True)
def make_job_due(job: str) -> None:
    """Beat says that a job's time has come; the row says whether it has been done."""
    nights.make_due(job)
    worker.ring()


@worker_init.connect
def start_lanes(**_signal: object) -> None:
    """The lanes live in Celery's own process (signal: Celery offers no other place to start with it), and do not wait for the
    broker: `worker_ready` would come only when that answers.
    """
    lanes = worker.Worker()
    lanes.start()
    _running.append(lanes)


@worker_shutdown.connect
def stop_lanes(**_signal: object) -> None:
    """End with Celery."""
    while _running:
        _running.pop().stop()
