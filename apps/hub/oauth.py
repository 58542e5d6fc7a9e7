"""OAuth 2.0 for connections: somebody signed in lets Kurogo in at the vendor (authorization code, RFC 6749 §4.1, with PKCE).

A way in is begun by one person and ended by the same one, once and within ten minutes: the state is random, kept as a digest,
and marked as used before the code is exchanged. The exchange is outside any transaction. What the vendor granted less than
was asked for is named.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from django.utils.module_loading import import_string

from apps.core import clock, crypto, net
from apps.hub import connections, registry
from apps.hub.models import Connection, WayIn

LIFE = timedelta(minutes=10)


class NotLetIn(Exception):
    """The way in ended before Kurogo was let in; `str()` is the reason as the vendor or the guard gave it."""


class ScopesMissing(NotLetIn):
    """Let in, with less than was asked for; `missing` names it. What was granted is kept."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the person has to go, and the host that this is, for them to look at before they do."""

    url: str
    host: str


def begin(connection: Connection, *, person: str, redirect_uri: str) -> Begun:
    """A new way in. Raises `Misconfigured` where the settings that it needs are not there."""
    manifest, live = _manifest(connection), connections.settings_of(connection)
    oauth = manifest.oauth
    assert oauth is not None
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    row = WayIn(connection=connection, state=_digest(state), person=person, redirect_uri=redirect_uri)
    row.sealed = crypto.seal(verifier.encode(), table="hub_wayin", row=row.id, field="sealed")
    WayIn.objects.filter(made_at__lt=clock.wall() - LIFE).delete()
    row.save(force_insert=True)
    asked = {
        "response_type": "code", "client_id": getattr(live, oauth.who), "redirect_uri": redirect_uri,
        "scope": oauth.separator.join(oauth.scopes), "state": state,
    }  # fmt: skip
    if oauth.has_pkce:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    address = _address(oauth.authorize, live)
    return Begun(f"{address}?{urlencode(asked)}", urlsplit(address).netloc)


def finish(told: Mapping[str, str], *, person: str) -> Connection:
    """What the vendor sent the person back with. Raises `NotLetIn`, `ScopesMissing`; a state is good for one call."""
    row = _taken(told.get("state", ""), person)
    connection = row.connection
    manifest, live = _manifest(connection), connections.settings_of(connection)
    oauth = manifest.oauth
    assert oauth is not None
    if oauth.verify and not import_string(oauth.verify)(told, live):
        raise NotLetIn("the answer is not signed by the vendor")
    if told.get("error"):
        raise NotLetIn(f"{told['error']} {told.get('error_description', '')}".strip()[:300])
    if not told.get("code"):
        raise NotLetIn("the answer has no code")
    granted = _exchange(oauth, live, row, told["code"])
    connections.set_secret(connection, oauth.opens, granted["access_token"], expires_at=_end(granted))
    for name in oauth.also:
        connections.set_secret(connection, name, getattr(live, oauth.proof))
    missing = _missing(oauth, str(granted.get("scope", "")))
    if missing:
        raise ScopesMissing(missing)
    return connection


def _taken(state: str, person: str) -> WayIn:
    """The way in that this state belongs to, used up by this call."""
    found = WayIn.objects.filter(state=_digest(state), used_at=None).select_related("connection__brand").first()
    if found is None:
        raise NotLetIn("this answer belongs to no way in that was begun here, or it came twice")
    wall = clock.wall()
    if not WayIn.objects.filter(id=found.id, used_at=None).update(used_at=wall):
        raise NotLetIn("this answer came twice")
    if found.person != person:
        raise NotLetIn("somebody else began this")
    if found.made_at < wall - LIFE:
        raise NotLetIn("it took longer than ten minutes; begin again")
    return found


def _exchange(oauth: registry.OAuth, live: registry.Settings, row: WayIn, code: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": row.redirect_uri,
        "client_id": getattr(live, oauth.who), "client_secret": getattr(live, oauth.proof),
    }  # fmt: skip
    if oauth.has_pkce:
        form["code_verifier"] = crypto.unseal(row.sealed, table="hub_wayin", row=row.id, field="sealed").decode()
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    try:
        reply = net.request("POST", _address(oauth.exchange, live), headers=headers, body=urlencode(form).encode())
    except (net.AddressRefused, net.Unreachable) as error:
        raise NotLetIn(str(error)) from error
    try:
        said = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        raise NotLetIn(f"the vendor answered {reply.status}, and not in JSON")
    if reply.status != 200 or not isinstance(said.get("access_token"), str):
        raise NotLetIn(
            f"the vendor answered {reply.status}: {str(said.get('error_description') or said.get('error', ''))[:200]}"
        )
    return said


def _end(granted: Mapping[str, Any]) -> datetime | None:
    """When the token ends, where the vendor says so and gives nothing to renew it by."""
    seconds = granted.get("expires_in")
    if not isinstance(seconds, int) or seconds <= 0 or granted.get("refresh_token"):
        return None
    return clock.now() + timedelta(seconds=seconds)


def _missing(oauth: registry.OAuth, scope: str) -> list[str]:
    """What was asked for and not granted; who may write may read."""
    granted = set(scope.replace(",", " ").split())
    return [one for one in oauth.scopes if one not in granted and one.replace("read_", "write_", 1) not in granted]


def _manifest(connection: Connection) -> registry.Manifest:
    manifest = registry.manifest(connection.connector)
    if manifest.oauth is None:
        raise NotLetIn(f"{manifest.label} is not let in this way")
    return manifest


def _address(template: str, live: registry.Settings) -> str:
    """An address with the settings that it names put in, without their last slash."""
    found = template
    for name in live.__struct_fields__:
        found = found.replace(f"{{{name}}}", str(getattr(live, name)).rstrip("/"))
    return found


def _digest(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
