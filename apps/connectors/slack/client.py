"""Slack over HTTP through core.net; its words become ours. The address itself is the secret: no error and no log says it."""

import msgspec

from apps.connectors.slack import codes
from apps.connectors.slack.settings import SlackSettings
from apps.core import net
from apps.hub import errors


class Refused(errors.Permanent):
    """Slack refuses what was said, in one word."""

    def __init__(self, status: int, word: str) -> None:
        super().__init__(f"Slack answers {status}: {word or 'without a reason'}")
        self.word = word


class SlackClient:
    """One incoming webhook."""

    def __init__(self, settings: SlackSettings) -> None:
        self.address = settings.webhook_url
        self.base_url = settings.base_url.rstrip("/")

    def post(self, text: str) -> None:
        """Say it. Raises one of the four errors; `Refused` where the words themselves are refused."""
        if not self.address.startswith(f"{self.base_url}/"):
            raise errors.Misconfigured(f"the webhook's address does not begin with {self.base_url}/")
        body = msgspec.json.encode({"text": text, "unfurl_links": False, "unfurl_media": False})
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            reply = net.request("POST", self.address, headers=headers, body=body)
        except net.Unreachable as error:
            raise errors.Transient("Slack cannot be reached", sent=error.sent) from None
        except net.AddressRefused:
            raise errors.Misconfigured(f"{self.base_url} may not be called") from None
        _read(reply)


def _read(reply: net.Reply) -> None:
    word = reply.text.strip()[:80]
    if reply.status == 429:
        wait = reply.headers.get("retry-after", "")
        raise errors.RateLimited("Slack asks to wait", retry_after=float(wait) if wait.isdigit() else None)
    if reply.status >= 500:
        raise errors.Transient(f"Slack answered {reply.status}", sent=True)
    if word in codes.OURS or reply.status in (401, 403, 404, 410):
        raise errors.Misconfigured(
            f"the webhook does not work any more: {word if word in codes.OURS else reply.status}"
        )
    if 300 <= reply.status < 400:
        raise errors.Misconfigured(f"the address answers {reply.status}, a redirect")
    if reply.status >= 400:
        raise Refused(reply.status, word)
    if word != codes.SAID:
        raise errors.Transient("Slack answered something else than ok", sent=True)
