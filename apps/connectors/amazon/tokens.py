"""Access tokens of Login with Amazon: held by this process until shortly before they end, written nowhere.

A refresh token does not wear out by being used, so that several processes may ask with it at once.
"""

import hashlib
import threading
from datetime import datetime, timedelta
from urllib.parse import urlencode

import orjson

from apps.connectors.amazon.settings import AmazonSettings
from apps.core import clock, net
from apps.hub.errors import Misconfigured, RateLimited, Transient, VendorError

# Asked for again so long before its end: a call takes its time, and clocks differ.
MARGIN = timedelta(minutes=2)
_Key = tuple[str, str, bytes]
_held: dict[_Key, tuple[str, datetime]] = {}
_lock = threading.Lock()


def access(settings: AmazonSettings) -> str:
    """A valid access token. Raises the hub's errors; whatever they say, no call to the API has been made."""
    key = _key(settings)
    with _lock:
        held = _held.get(key)
    if held and clock.wall() < held[1]:
        return held[0]
    token, lives = _ask(settings)
    with _lock:
        _held[key] = (token, clock.wall() + lives - MARGIN)
    return token


def forget(settings: AmazonSettings | None = None) -> None:
    """Ask anew: this account's token was refused, or (between tests) nobody's is kept."""
    with _lock:
        if settings is None:
            _held.clear()
        else:
            _held.pop(_key(settings), None)


def _key(settings: AmazonSettings) -> _Key:
    secret = f"{settings.client_secret}\0{settings.refresh_token}".encode()
    return settings.token_url, settings.client_id, hashlib.sha256(secret).digest()


def _ask(settings: AmazonSettings) -> tuple[str, timedelta]:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": settings.refresh_token,
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
    }
    headers = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8", "accept": "application/json"}
    try:
        reply = net.request("POST", settings.token_url, headers=headers, body=urlencode(form).encode())
    except net.AddressRefused as error:
        raise Misconfigured(str(error)) from None
    except net.Unreachable as error:
        raise Transient(f"Login with Amazon: {error}") from None
    if reply.status != 200:
        raise _refusal(reply)
    try:
        answer = orjson.loads(reply.body)
        return str(answer["access_token"]), timedelta(seconds=int(answer["expires_in"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise Transient("Login with Amazon answered something that is no token") from None


def _refusal(reply: net.Reply) -> VendorError:
    """The vendor's word for it alone: its descriptions may repeat what was sent."""
    said = f"Login with Amazon answered {reply.status}"
    if reply.status == 429:
        seconds = reply.headers.get("retry-after", "")
        return RateLimited(said, retry_after=float(seconds) if seconds.isdigit() else None)
    if reply.status >= 500:
        return Transient(said)
    try:
        word = str(orjson.loads(reply.body).get("error", ""))[:60]
    except (orjson.JSONDecodeError, AttributeError):
        word = ""
    return Misconfigured(f"{said}{f': {word}' if word else ''}; connect the account again")
