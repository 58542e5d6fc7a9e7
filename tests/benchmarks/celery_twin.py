"""The rival of the inbox: one Celery task an event, as most shops would write it. Same event rows, same story, same closing."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from celery import Celery  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402

from apps.flows.place_orders import place_orders  # noqa: E402
from apps.hub import connections, inbox  # noqa: E402
from apps.hub.models import InboxEvent  # noqa: E402

# The connection is kept from task to task; by Celery's own default each task would open one, which costs three times the story.
CONNECTION_LIVES = 1_000_000

app = Celery("twin", broker=settings.BROKER_URL)
app.conf.update(
    task_ignore_result=True, worker_hijack_root_logger=False, broker_connection_retry_on_startup=True,
    task_default_queue="twin",
)  # fmt: skip
app.conf["CELERY_DB_REUSE_MAX"] = CONNECTION_LIVES


@app.task(name="twin.take")  # type: ignore[untyped-decorator]
def take(event_id: str) -> None:
    """One event: locked, read, its story told, closed; one transaction."""
    with transaction.atomic():
        event = InboxEvent.objects.select_for_update(of=["self"]).select_related("entry").get(id=event_id)
        if event.status != InboxEvent.Status.NEW:
            return
        live = connections.live(event.connection_id)
        assert live is not None
        place_orders(live.connector().read(event.topic, inbox.raw(event)), source=live.connection)
        inbox.close([event], InboxEvent.Status.DONE)
