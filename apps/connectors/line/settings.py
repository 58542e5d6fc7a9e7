"""What a merchant fills in for LINE; the form, masking and encryption come from these fields."""

from apps.hub.registry import Settings


class LineSettings(Settings, frozen=True, kw_only=True):
    """`channel_access_token` is the long-lived one of a Messaging API channel; who is told has to be a friend of its account."""

    channel_access_token: str = ""
    base_url: str = "https://api.line.me"
