"""What a merchant fills in for a mail server; the form, masking and encryption come from these fields."""

from apps.core.net_smtp import Security
from apps.hub.registry import Settings


class SmtpSettings(Settings, frozen=True, kw_only=True):
    """`sender`: the From of letters that name none, "Shop <orders@shop.example>". An empty `username`: no sign-in.

    `resend_when_unknown`: SMTP cannot be asked whether a letter arrived. True sends it again under the same Message-ID
    (a customer may get it twice, most mailboxes show it once); False leaves it for a person. Counted apart either way.
    """

    host: str
    port: int = 587
    username: str = ""
    password: str = ""
    security: Security = Security.STARTTLS
    sender: str = ""
    resend_when_unknown: bool = True
