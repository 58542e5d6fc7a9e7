"""A fact as Standard Webhooks wants it on the wire. Pure: the same fact gives the same body on each try."""

import binascii
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from standardwebhooks import webhooks

from apps.connectors.webhook.settings import WebhookSettings
from apps.hub import contracts as c
from apps.hub import errors


def body(fact: c.PublicFact) -> bytes:
    """`{type, timestamp, data}`; `data` names the thing and what is known of it, the API tells the rest."""
    data = {"kind": fact.kind, "id": fact.subject, "sequence": fact.sequence} | dict(fact.detail)
    told = {"type": fact.topic, "timestamp": fact.at.astimezone(UTC).isoformat(), "data": data}
    return msgspec.json.encode(told)


def headers(reference: str, content: bytes, secrets: Sequence[str], *, at: datetime) -> dict[str, str]:
    """What proves who sent it, signed by every secret that holds now. Raises `Misconfigured`."""
    try:
        signed = " ".join(webhooks.Webhook(one).sign(reference, at, content.decode()) for one in secrets)
    except (binascii.Error, ValueError, webhooks.EmptyWebhookSecretError):
        raise errors.Misconfigured("the signing secret is none: whsec_ and base64 are wanted") from None
    return {
        "Content-Type": "application/json",
        "User-Agent": "Kurogo",
        "webhook-id": reference,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signed,
    }


def secrets_at(settings: WebhookSettings, moment: datetime) -> list[str]:
    """The secrets that sign at this moment, the newest first. Raises `Misconfigured` where there is none."""
    if not settings.signing_secret:
        raise errors.Misconfigured("no signing secret is set")
    until = settings.former_until
    is_former = bool(settings.former_secret and until and moment < until)
    return [settings.signing_secret, *([settings.former_secret] if is_former else [])]
