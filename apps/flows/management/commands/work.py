"""`manage.py work`: the worker's loop alone, for installations without a broker."""

import signal
import threading
from types import FrameType

from django.core.management.base import BaseCommand

from apps.flows.worker import Worker


class Command(BaseCommand):
    """Run the lanes until told to stop."""

    help = "Run the worker's loop (what `up` starts when there is no broker)."

    def handle(self, **_options: object) -> None:
        asked = threading.Event()

        def ask(_signal: int, _frame: FrameType | None) -> None:
            asked.set()

        for wanted in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, ask)
        worker = Worker()
        worker.start()
        self.stdout.write("worker: looking for work")
        asked.wait()
        worker.stop()
