"""What a merchant fills in for a program of their own; the form, masking and encryption come from these fields."""

from datetime import datetime

from apps.hub.registry import Settings


class WebhookSettings(Settings, frozen=True, kw_only=True):
    """`topics`: what the program wants to know, empty for everything. `signing_secret`: `whsec_` and base64 of 24 bytes or more.

    After a change of the secret both sign until `former_until`, so that the program can be changed without losing an event.
    """

    url: str
    topics: tuple[str, ...] = ()
    signing_secret: str = ""
    former_secret: str = ""
    former_until: datetime | None = None
