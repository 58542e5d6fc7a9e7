"""One call of a merchant's own program through core.net; what it answers becomes one of the four errors."""

from collections.abc import Mapping

from apps.core import net
from apps.hub import errors

SECONDS = 15.0  # the standard asks for 15 to 30
MAX_BYTES = 1_000_000
GONE = 410


def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """The status of a taken event. A redirect is never followed: it could lead into the merchant's own network."""
    try:
        reply = net.request(
            "POST", url, headers=headers, body=body, read_seconds=SECONDS, total_seconds=SECONDS, max_bytes=MAX_BYTES
        )
    except net.Unreachable as error:
        raise errors.Transient(str(error), sent=error.sent) from None
    except net.AddressRefused as error:
        raise errors.Misconfigured(str(error)) from None
    if 200 <= reply.status < 300:
        return reply.status
    if 300 <= reply.status < 400:
        raise errors.Misconfigured(
            f"the program answers {reply.status}, a redirect, which is not followed: give its final address"
        )
    if reply.status == GONE:
        raise errors.Misconfigured("the program answers 410: it wants no more events")
    wait = reply.headers.get("retry-after", "").strip()
    if reply.status == 429 or (reply.status == 503 and wait.isdigit()):
        raise errors.RateLimited("the program asks to wait", retry_after=float(wait) if wait.isdigit() else None)
    # A program under repair answers anything: all else is tried again, and a person sees it when it does not end.
    raise errors.Transient(f"the program answered {reply.status}", sent=reply.status >= 500)
