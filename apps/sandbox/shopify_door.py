"""How somebody lets an app into the shop: a page with one button, a signed way back, and a token for the code.

Told by `setup`: `client_id`, `client_secret`, `grants` (fewer scopes than were asked for), `strays` (comes back with another
state).
"""

import base64
import hashlib
import hmac
import html
import secrets
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from apps.core import clock
from apps.sandbox.world import Answer, Ask

AUTHORIZE, EXCHANGE = "/admin/oauth/authorize", "/admin/oauth/access_token"
Fact = Callable[[str, str], str]


class Door:
    """The codes that were given and not yet exchanged; a code is good once."""

    def __init__(self, fact: Fact) -> None:
        self._fact = fact
        self._codes: dict[str, dict[str, str]] = {}

    def handle(self, ask: Ask) -> Answer | None:
        """A page, a way back, or a token; None for every other address."""
        if ask.path == AUTHORIZE and ask.method == "GET":
            return self._back(ask) if ask.query.get("approved") else self._page(ask)
        if ask.path == EXCHANGE and ask.method == "POST":
            return self._token(dict(parse_qsl(ask.body.decode())))
        return None

    def _page(self, ask: Ask) -> Answer:
        if ask.query.get("client_id") != self._fact("client_id", "the-app"):
            return Answer(400, "<h1>Oauth error invalid_request</h1>", {"content-type": "text/html"})
        wanted = "".join(f"<li>{html.escape(scope)}</li>" for scope in ask.query.get("scope", "").split(","))
        again = html.escape("?" + urlencode({**ask.query, "approved": "1"}))
        page = f"<!doctype html><title>Install app</title><h1>Install app</h1><ul>{wanted}</ul><a href='{again}'>Install</a>"
        return Answer(200, page, {"content-type": "text/html; charset=utf-8"})

    def _back(self, ask: Ask) -> Answer:
        code = secrets.token_hex(16)
        self._codes[code] = dict(ask.query)
        state = "another" if self._fact("strays", "") else ask.query.get("state", "")
        told = {
            "code": code,
            "shop": ask.headers.get("host", ""),
            "state": state,
            "timestamp": str(int(clock.wall().timestamp())),
        }
        words = "&".join(f"{name}={told[name]}" for name in sorted(told))
        told["hmac"] = hmac.new(self._secret(), words.encode(), hashlib.sha256).hexdigest()
        return Answer(302, b"", {"location": f"{ask.query.get('redirect_uri', '')}?{urlencode(told)}"})

    def _token(self, form: dict[str, str]) -> Answer:
        asked = self._codes.pop(form.get("code", ""), None)
        is_app = form.get("client_id") == self._fact("client_id", "the-app") and hmac.compare_digest(
            form.get("client_secret", "").encode(), self._secret()
        )
        if asked is None or not is_app or not _proves(asked, form.get("code_verifier", "")):
            return Answer(
                400,
                {
                    "error": "invalid_request",
                    "error_description": "The authorization code was not found or was already used",
                },
            )
        scope = self._fact("grants", "") or asked.get("scope", "")
        return Answer(200, {"access_token": self._fact("access_token", "shpat_the_door"), "scope": scope})

    def _secret(self) -> bytes:
        return self._fact("client_secret", "shpss_the_app").encode()


def _proves(asked: dict[str, str], verifier: str) -> bool:
    if not asked.get("code_challenge"):
        return True
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(digest, asked["code_challenge"])
