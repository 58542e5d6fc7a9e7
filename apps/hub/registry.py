"""Finds connectors by folder: `apps/connectors/<slug>/__init__.py` holds `CONNECTOR`; nothing is registered anywhere else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.utils.module_loading import import_string

from apps.hub.abilities import ABILITY_OF, Once, StockManners

CONNECTORS = Path(__file__).resolve().parent.parent / "connectors"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Base of a connector's typed settings: plain fields with defaults; the manifest says which of them are secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """How somebody lets Kurogo in at the vendor. Addresses may name settings (`{shop_url}/…`); `who`, `proof` and `opens` are the
    settings that hold the app's id, its secret and, afterwards, the token. `also` are secrets that are the app's secret once
    more; `verify` is the dotted path of a function that says whether the answer is the vendor's own; `asked` are the settings
    that are typed before.
    """

    authorize: str
    exchange: str
    scopes: tuple[str, ...]
    separator: str = " "
    has_pkce: bool = True
    who: str = "client_id"
    proof: str = "client_secret"
    opens: str = "access_token"
    also: tuple[str, ...] = ()
    verify: str = ""
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a connector says of itself. `load` is the dotted path of its class, imported when first used.

    `once` names, for every write operation that it offers, how the write is kept from happening twice; `keys_live` is how
    long the vendor remembers an idempotency key, None where it says nothing of an end. `stock` is how a channel with
    `stock.write` takes numbers. `webhook` is the dotted path of its
    module with `verify` and `events`, empty where the vendor does not call us. `secrets` are the settings that are
    credentials, `expiring` those of them that end by themselves and whose end `check` tells (`HealthCheck`), `renewed` those
    that the connector renews by itself before they end, so that nobody is told of it, `host_field`
    the setting that holds their host, `more_hosts` settings with further addresses that they go to. `unused` says what the
    connector can do and the product does not ask of it yet. `asked` are the settings without which it cannot begin, in the
    order in which they are asked for; every other one has a default and stands under "more". `reaches` is the pattern of a
    person's address there and `reaches_like` an example of one, for a `notice` that goes to people and not to one place.
    """

    slug: str
    label: str
    kind: str
    abilities: tuple[str, ...]
    settings: type[Settings]
    load: str
    once: Mapping[str, Once] = field(default_factory=dict)
    keys_live: timedelta | None = None
    stock: StockManners | None = None
    webhook: str = ""
    poll_minutes: int = 0
    is_numbered: bool = False
    secrets: tuple[str, ...] = ()
    expiring: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    host_field: str = ""
    more_hosts: tuple[str, ...] = ()
    docs_url: str = ""
    api_version: str = ""
    verified_against: str = ""
    unused: str = ""
    asked: tuple[str, ...] = ()
    oauth: OAuth | None = None
    reaches: str = ""
    reaches_like: str = ""

    @property
    def writes(self) -> tuple[str, ...]:
        """Its abilities that change something at the vendor, in the manifest's order."""
        return tuple(name for name in self.abilities if name in set(ABILITY_OF.values()))

    @property
    def asked_every(self) -> timedelta:
        """How often its orders are asked for where the merchant said nothing."""
        return timedelta(minutes=self.poll_minutes or (15 if self.webhook else 2))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The settings whose addresses credentials belong to."""
        return tuple(name for name in (self.host_field, *self.more_hosts) if name)


class UnknownConnector(LookupError):
    """No folder of that name; a connection may outlive its connector and stays readable."""


@lru_cache(maxsize=1)
def manifests() -> dict[str, Manifest]:
    """Every connector there is, by slug."""
    found: dict[str, Manifest] = {}
    for folder in sorted(CONNECTORS.iterdir()):
        if (folder / "__init__.py").is_file():
            manifest: Manifest = import_module(f"apps.connectors.{folder.name}").CONNECTOR
            found[manifest.slug] = manifest
    return found


def manifest(slug: str) -> Manifest:
    """One connector. Raises `UnknownConnector`."""
    try:
        return manifests()[slug]
    except KeyError:
        raise UnknownConnector(slug) from None


def connect(slug: str, settings: Settings, connection_id: UUID) -> Any:
    """The connector's class, ready to be called; it implements the abilities of its manifest."""
    factory: Callable[[Settings, UUID], Any] = import_string(manifest(slug).load)
    return factory(settings, connection_id)


def webhook(slug: str) -> Any:
    """The connector's webhook module, or None where the vendor does not call us."""
    path = manifest(slug).webhook
    return import_module(path) if path else None
