"""A shop with a past: orders by the ten thousand, written in sets by SQL, in the shape that the stories leave."""

import os
from pathlib import Path

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
    done = 0
    with connection.cursor() as cursor:
        while done < count:
            some = min(_AT_ONCE, count - done)
            cursor.execute(
                _SQL,
                {
                    "count": some, "lines": lines, "skus": skus or shop.skus, "is_closed": is_closed,
                    "brand": shop.channel.brand_id, "channel": shop.channel.id, "provider": shop.provider.id,
                    "now": clock.now(), "word": f"f{next(shop.numbers)}-",
                },
            )  # fmt: skip
            done += some
    return done


def settle() -> None:
    """What autovacuum would do in its time is done now: statistics, visibility, and the buffers on disk."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(owner_url(name), autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")
    with psycopg.connect(os.environ["KUROGO_BENCH_SUPERUSER_URL"].replace(f"/{DATABASE}", f"/{name}")) as boss:
        boss.autocommit = True
        boss.execute("CHECKPOINT")
