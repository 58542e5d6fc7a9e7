"""A shop with a past: orders by the ten thousand, written in sets by SQL, in the shape that the stories leave."""

import os
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

from apps.core import clock
from apps.core.runtime import DATABASE
from tests.benchmarks.completed import completed
from tests.benchmarks.shop import Shop
from tests.benchmarks.stage import owner_url

_SQL = completed(Path(__file__).with_name("fill.sql").read_text())
_AT_ONCE = 20_000


def orders(shop: Shop, count: int, *, lines: int = 2, skus: list[str] | None = None, is_closed: bool = True) -> int:
    """So many orders, delivered long ago or open; returns how many."""
    with _boss() as boss:
        # References are right by the way the rows are made, and `truth.check` looks at the sums: they need not be asked row by row.
        boss.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        for done in range(0, count, _AT_ONCE):
            boss.execute(
                _SQL,
                {
                    "count": min(_AT_ONCE, count - done), "lines": lines, "skus": skus or shop.skus, "is_closed": is_closed,
                    "brand": shop.channel.brand_id, "channel": shop.channel.id, "provider": shop.provider.id,
                    "now": clock.now(), "word": f"f{next(shop.numbers)}-",
                },
            )  # fmt: skip
    return count


def settle() -> None:
    """What autovacuum would do in its time is done now: statistics, visibility, and the buffers on disk."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(owner_url(name), autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")
    with _boss() as boss:
        boss.execute("CHECKPOINT")


def _boss() -> "psycopg.Connection[Any]":
    """The superuser in the scene's database."""
    url = os.environ["KUROGO_BENCH_SUPERUSER_URL"].replace(f"/{DATABASE}", f"/{connection.settings_dict['NAME']}")
    return psycopg.connect(url, autocommit=True)
