"""Set a shop up from a few facts: company, brand, warehouse, connections. Used by the demo, the rehearsal and tests.

Running it again changes nothing that is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from apps.channels.models import ChannelRule
from apps.core.models import Brand, Company
from apps.flows import wiring
from apps.hub import connections
from apps.hub.models import Connection
from apps.inventory.models import Location


@dataclass(frozen=True, slots=True)
class Wanted:
    """One connection to be made."""

    connector: str
    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    order_lag_minutes: int | None = None
    settles_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What a shop is."""

    company: str
    brand: str
    currency: str = "JPY"
    registration_number: str = ""
    locale: str = "ja"
    mail_from: str = ""
    warehouse: str = "WH1"
    ship_from: dict[str, str] = field(default_factory=dict)
    ships_by_itself: bool = False
    lease_below: int = 0
    connections: Sequence[Wanted] = ()


def set_up(shop: Shop) -> dict[str, Connection]:
    """Make what is missing; returns the connections by name."""
    with transaction.atomic():
        Company.objects.get_or_create(
            only=True,
            defaults={
                "name": shop.company, "currency": shop.currency, "registration_number": shop.registration_number,
                "ships_by_itself": shop.ships_by_itself, "lease_below": shop.lease_below,
            },
        )  # fmt: skip
        brand, _ = Brand.objects.get_or_create(
            code="main", defaults={"name": shop.brand, "locale": shop.locale, "mail_from": shop.mail_from}
        )
        Location.objects.get_or_create(
            code=shop.warehouse,
            defaults={"name": shop.warehouse, "is_default": True, "ship_from": shop.ship_from},
        )
        made = {row.name: row for row in Connection.objects.filter(brand=brand)}
        for wanted in shop.connections:
            if wanted.name not in made:
                made[wanted.name] = connections.create(
                    brand=brand, connector=wanted.connector, name=wanted.name, settings=wanted.settings,
                    secrets=wanted.secrets,
                )  # fmt: skip
                if wanted.order_lag_minutes is not None or wanted.settles_minutes is not None:
                    ChannelRule.objects.create(
                        connection=made[wanted.name], order_lag_minutes=wanted.order_lag_minutes,
                        settles_minutes=wanted.settles_minutes,
                    )  # fmt: skip
    wiring.forget()
    connections.forget()
    return made
