"""`manage.py demo_shop WANTED MADE`: the demo's shop as its merchant would set it up; their own child, because it needs the
database.

Both are JSON files: what is wanted (apps/sandbox/demo/stage.py writes it), and what came of it ({connection name: id}).
Running it again changes nothing but what is wanted otherwise.
"""

import argparse
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.catalog import services as catalog
from apps.core.models import Brand
from apps.flows.setup_shop import Shop, Wanted, set_up
from apps.hub import connections
from apps.hub.contracts import VariantCard
from apps.hub.models import Connection
from apps.inventory.models import Location


class Command(BaseCommand):
    """Company, brand, warehouse, catalogue, connections, and somebody of the role owner who may sign in."""

    help = "Make the demo's shop from a JSON file (used by demo)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("wanted", type=Path)
        parser.add_argument("made", type=Path)

    def handle(self, *_args: Any, wanted: Path, made: Path, **_options: Any) -> None:
        if not settings.IS_DEMO:
            raise CommandError("This makes a sign-in without a second factor; it works in a demo alone (KUROGO_DEMO).")
        told = json.loads(wanted.read_text())
        rows = [Wanted(**one) for one in told["connections"]]
        with transaction.atomic():
            made_rows = set_up(Shop(connections=rows, **told["shop"]))
            for row in rows:
                _agree(made_rows[row.name], row)
            Location.objects.filter(is_default=True).update(name=told["warehouse"])
            _make_goods(told["goods"], currency=told["shop"]["currency"])
            _make_person(**told["person"])
        made.write_text(json.dumps({name: str(row.id) for name, row in made_rows.items()}))
        self.stdout.write(f"{len(rows)} connections, {len(told['goods'])} articles")


def _agree(row: Connection, wanted: Wanted) -> None:
    """A stand-in that had to move to another port: the connection follows, its credentials belong to the new address."""
    if row.settings != connections.check(wanted.connector, wanted.settings):
        connections.change_settings(row, wanted.settings)
        for name, value in wanted.secrets.items():
            connections.set_secret(row, name, value)


def _make_goods(goods: list[dict[str, Any]], *, currency: str) -> None:
    cards = [
        VariantCard(
            sku=one["sku"], title=one["title"], barcode=one["barcode"], price=Decimal(one["price"]), currency=currency,
            tax_code=one["tax"], weight_g=one["grams"],
        )
        for one in goods
    ]  # fmt: skip
    catalog.take_cards(Brand.objects.get(code="main"), cards)


def _make_person(*, name: str, password: str, email: str) -> None:
    person, _ = get_user_model().objects.get_or_create(username=name, defaults={"email": email})
    if not person.check_password(password):
        person.set_password(password)
        person.save(update_fields=["password"])
    person.groups.add(Group.objects.get(name="owner"))
