"""Connections: typed settings, sealed credentials bound to their host, pauses, and health written by whoever spoke last."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import F, QuerySet

from apps.core import clock, crypto, net, scrub
from apps.core.models import Brand
from apps.hub import breaker, registry
from apps.hub.errors import Misconfigured
from apps.hub.models import Connection, Credential

_CACHE_SECONDS = 5.0
_cache: dict[UUID, tuple[float, "Live"]] = {}
# When this process last wrote a connection's health: a second's news is enough, not every call's.
_noted: dict[tuple[UUID, str], float] = {}
_NOTE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Live:
    """A connection with its settings opened, as a process holds it for a few seconds."""

    connection: Connection
    settings: registry.Settings

    @property
    def id(self) -> UUID:
        """The connection's id."""
        return self.connection.id

    def connector(self) -> Any:
        """The connector, ready to be called."""
        return registry.connect(self.connection.connector, self.settings, self.connection.id)


class SettingsRefused(ValueError):
    """The settings cannot be kept; the message is for the person who typed them."""


def create(*, brand: Brand, connector: str, name: str, settings: dict[str, Any], secrets: dict[str, str],
           status: str = Connection.Status.ACTIVE) -> Connection:  # fmt: skip
    """A new connection; one in `setup` neither asks nor tells by itself. Raises `SettingsRefused`, `registry.UnknownConnector`."""
    checked = check(connector, settings)
    with transaction.atomic():
        connection = Connection.objects.create(
            brand=brand, connector=connector, name=name, settings=checked, status=status, created_at=clock.now()
        )
        for secret, value in secrets.items():
            set_secret(connection, secret, value)
    return connection


def check(connector: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The plain settings as they may be kept, secrets left out. Raises `SettingsRefused`, `registry.UnknownConnector`."""
    manifest = registry.manifest(connector)
    plain = {name: value for name, value in settings.items() if name not in manifest.secrets}
    try:
        msgspec.convert(plain | dict.fromkeys(manifest.secrets, ""), manifest.settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsRefused(str(error)) from error
    for name, value in plain.items():
        if isinstance(value, str) and value.startswith(("http://", "https://")):
            _check_url(name, value)
    host = str(plain.get(manifest.host_field, "") or "")
    if host and "://" not in host:  # a bare host, such as a mail server's
        _check_address(manifest.host_field, host, int(plain.get("port") or 443))
    return plain


def change_settings(connection: Connection, settings: dict[str, Any]) -> None:
    """New plain settings. A changed host drops the credentials that belonged to the old one."""
    checked = check(connection.connector, settings)
    with transaction.atomic():
        connection.settings = checked
        connection.save(update_fields=["settings"])
        host = _host(connection)
        for credential in connection.credentials.exclude(host=host):
            credential.delete()
    _cache.pop(connection.id, None)


def set_secret(connection: Connection, name: str, value: str, *, expires_at: datetime | None = None) -> Credential:
    """Seal a credential for the host that the connection points at now."""
    if name not in registry.manifest(connection.connector).secrets:
        raise SettingsRefused(f"{connection.connector} has no credential called {name}")
    row, _ = Credential.objects.get_or_create(
        connection=connection, name=name, defaults={"sealed": b"", "set_at": clock.wall()}
    )
    row.sealed = crypto.seal(value.encode(), table="hub_credential", row=row.id, field="sealed")
    row.host, row.hint, row.set_at, row.expires_at = _host(connection), _hint(value), clock.wall(), expires_at
    row.save()
    _cache.pop(connection.id, None)
    return row


def expiring() -> list[Connection]:
    """Active connections with credentials that end by themselves, oldest first."""
    slugs = [slug for slug, manifest in registry.manifests().items() if manifest.expiring]
    return list(Connection.objects.filter(connector__in=slugs, status=Connection.Status.ACTIVE).order_by("id"))


def keep_expiries(connection: Connection, told: Mapping[str, str]) -> int:
    """Remember when credentials end, as the connector's `check` tells it; returns how many it told of."""
    kept = 0
    for name in registry.manifest(connection.connector).expiring:
        if text := told.get(f"expires_at:{name}"):
            at = datetime.fromisoformat(text)
            kept += Credential.objects.filter(connection=connection, name=name).update(expires_at=at)
    return kept


def ending() -> QuerySet[Credential]:
    """Credentials with an end that a person has to do something about, the next first; what is renewed by itself is left out."""
    found = Credential.objects.exclude(expires_at=None).select_related("connection").defer("sealed")
    for slug, manifest in registry.manifests().items():
        if manifest.renewed:
            found = found.exclude(connection__connector=slug, name__in=manifest.renewed)
    return found.order_by("expires_at", "id")


def enter_end(connection: Connection, name: str, at: datetime | None) -> bool:
    """A person says when a credential ends, or that it has no end; False where its vendor tells, or there is none."""
    if name in registry.manifest(connection.connector).expiring:
        return False
    return bool(Credential.objects.filter(connection=connection, name=name).update(expires_at=at))


def settings_of(connection: Connection) -> registry.Settings:
    """Typed settings with the secrets opened. Raises `Misconfigured` where they do not fit or do not open."""
    try:
        manifest = registry.manifest(connection.connector)
    except registry.UnknownConnector as error:
        raise Misconfigured(f"there is no connector called {error}") from error
    opened: dict[str, Any] = dict(connection.settings)
    host = _host(connection)
    for credential in connection.credentials.all():
        if credential.host != host:
            raise Misconfigured(f"{credential.name} was given for {credential.host or 'no host'}, not for {host}")
        opened[credential.name] = _opened(credential)
    try:
        return msgspec.convert(opened, manifest.settings, strict=False)
    except msgspec.ValidationError as error:
        raise Misconfigured(str(error)) from error


def _opened(credential: Credential) -> str:
    try:
        plain = crypto.unseal(credential.sealed, table="hub_credential", row=credential.id, field="sealed")
    except crypto.SealBroken as error:
        raise Misconfigured(f"{credential.name} does not open with this installation's keys; enter it again") from error
    return plain.decode()


def live(connection_id: UUID, *, anew: bool = False) -> Live | None:
    """A connection as held by this process for a few seconds, or as it is this moment; None where there is none. Raises
    `Misconfigured`.
    """
    held = _cache.get(connection_id)
    if held and held[0] > time.monotonic() and not anew:
        return held[1]
    connection = Connection.objects.select_related("brand").filter(id=connection_id).first()
    if connection is None:
        return None
    opened = Live(connection, settings_of(connection))
    _cache[connection_id] = (time.monotonic() + _CACHE_SECONDS, opened)
    return opened


def forget() -> None:
    """Empty this process's cache (after a change in this process, and between tests)."""
    _cache.clear()
    _noted.clear()


def with_ability(ability: str) -> list[Connection]:
    """Active connections whose connector has the ability and that have not paused it, oldest first."""
    slugs = [slug for slug, manifest in registry.manifests().items() if ability in manifest.abilities]
    rows = Connection.objects.filter(connector__in=slugs, status=Connection.Status.ACTIVE).order_by("id")
    return [row for row in rows if ability not in row.paused_abilities]


def pause(connection: Connection, abilities: list[str]) -> None:
    """Stop exactly these capabilities; what waits for them stays and shows why (X111)."""
    connection.paused_abilities = sorted(set(abilities))
    connection.save(update_fields=["paused_abilities"])
    _cache.pop(connection.id, None)


def shadow(connection: Connection, abilities: list[str]) -> None:
    """Make up and show what exactly these capabilities would write, and send none of it (X110)."""
    connection.shadowed_abilities = sorted(set(abilities))
    connection.save(update_fields=["shadowed_abilities"])
    _cache.pop(connection.id, None)


def stop(connection: Connection) -> None:
    """Stop the whole connection: nothing goes out, what waits stays; notices are still kept."""
    Connection.objects.filter(id=connection.id, status=Connection.Status.ACTIVE).update(status=Connection.Status.PAUSED)
    _cache.pop(connection.id, None)


def resume(connection: Connection) -> None:
    """Let a stopped connection go on; one that must be reconnected is not made active by this."""
    Connection.objects.filter(id=connection.id, status=Connection.Status.PAUSED).update(status=Connection.Status.ACTIVE)
    _cache.pop(connection.id, None)


def go_live(connection: Connection) -> None:
    """The set-up is done: from now on it asks and is told."""
    Connection.objects.filter(id=connection.id, status=Connection.Status.SETUP).update(status=Connection.Status.ACTIVE)
    _cache.pop(connection.id, None)


def heard(connection_id: UUID) -> None:
    """The other side spoke."""
    if _is_news(connection_id, "heard"):
        Connection.objects.filter(id=connection_id).update(last_heard_at=clock.now())


def succeeded(connection_id: UUID) -> None:
    """A call went well."""
    if _is_news(connection_id, "ok"):
        Connection.objects.filter(id=connection_id).update(last_ok_at=clock.now(), failures_in_a_row=0)
        if is_broken(connection_id):
            breaker.close(connection_id)
            _cache.pop(connection_id, None)


def _is_news(connection_id: UUID, what: str) -> bool:
    at = time.monotonic()
    if at - _noted.get((connection_id, what), -_NOTE_SECONDS) < _NOTE_SECONDS:
        return False
    _noted[(connection_id, what)] = at
    return True


def is_broken(connection_id: UUID) -> bool:
    """Whether its breaker is open, as this process last saw it."""
    held = _cache.get(connection_id)
    return held is not None and breaker.is_open(held[1].connection)


def failed(connection_id: UUID, reason: str, *, held_until: datetime | None = None, reconnect: bool = False,
           is_trouble: bool = False) -> None:  # fmt: skip
    """A call went wrong; `held_until` keeps the whole connection back (429), `reconnect` asks for a person, `is_trouble` says
    that the vendor itself is in trouble, which its breaker counts.
    """
    change: dict[str, Any] = {"last_error_at": clock.now(), "last_error": scrub.clean(reason)[:300]}
    if held_until:
        change["held_until"] = held_until
    if reconnect:
        change["status"] = Connection.Status.NEEDS_RECONNECT
    Connection.objects.filter(id=connection_id).update(**change)
    _noted.pop((connection_id, "ok"), None)  # the next success is news
    if is_trouble:
        breaker.count(connection_id)
        _cache.pop(connection_id, None)


def count_refused(connection_id: UUID) -> None:
    """A notice that was refused unread."""
    Connection.objects.filter(id=connection_id).update(refused_count=F("refused_count") + 1)


def count_repeated(connection_id: UUID) -> None:
    """A notice that had come before."""
    Connection.objects.filter(id=connection_id).update(repeated_count=F("repeated_count") + 1)


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise SettingsRefused(f"{name}: {error}") from error
    _check_address(name, parts.hostname or "", port)


def _check_address(name: str, host: str, port: int) -> None:
    try:
        net.checked_address(host, port)
    except net.AddressRefused as refused:
        raise SettingsRefused(f"{name}: {refused}") from refused
    except net.Unreachable:
        return  # a name that does not resolve today may tomorrow; the health page says so


def _host(connection: Connection) -> str:
    """Where its credentials go: one address, or all of them where they go to several."""
    values = [str(connection.settings.get(name, "")) for name in registry.manifest(connection.connector).hosts]
    return " ".join(urlsplit(value).netloc or value for value in values)


def _hint(value: str) -> str:
    return value[-4:] if len(value) >= 16 else ""
