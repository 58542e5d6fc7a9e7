"""Letters to customers: written once per cause, in the customer's language, kept as sent."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import translation

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.messaging.models import Message

LANGUAGES = ("ja", "en")


def write(
    template: str, *, source_id: UUID, to: str, locale: str, context: dict[str, Any], order_ref: UUID | None = None,
    customer_ref: UUID | None = None, connection_id: UUID | None = None,
) -> Message:  # fmt: skip
    """Render `templates/email/<template>.<language>.txt`: the first line is the subject. Not saved yet (see `keep`)."""
    language = locale[:2] if locale[:2] in LANGUAGES else "en" if locale else "ja"
    with translation.override(language):
        rendered = render_to_string(f"email/{template}.{language}.txt", context, using="letters")
    subject, _, text = rendered.partition("\n")
    return Message(
        id=uuid7(), order_ref=order_ref, customer_ref=customer_ref, connection_id=connection_id, template=template,
        source_id=source_id, locale=language, to=to, subject=subject.strip()[:255], text=text.strip() + "\n",
        created_at=clock.now(),
    )  # fmt: skip


def keep(messages: list[Message]) -> list[Message]:
    """Save letters; one whose cause has been written to before is left out."""
    rows.insert_new(messages)
    ids = set(Message.objects.filter(id__in=[message.id for message in messages]).values_list("id", flat=True))
    return [message for message in messages if message.id in ids]


def sent(ids: Iterable[UUID]) -> None:
    """They have left."""
    Message.objects.filter(id__in=list(ids)).update(status=Message.Status.SENT, sent_at=clock.now())
