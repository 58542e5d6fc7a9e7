"""Leases: one holder at a time, with a fencing token, safe behind pgbouncer (no session-level advisory locks)."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from apps.core import clock
from apps.core.models import Lease


class LeaseLost(Exception):
    """Somebody else holds the lease now; whatever was being written must not be committed."""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in hand."""

    name: str
    token: int


def take(name: str, *, holder: str, seconds: int = 30) -> Held | None:
    """The lease, or None while another holder's is still running. Wall time. Taking again as the same holder renews it."""
    until = clock.wall() + timedelta(seconds=seconds)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_lease AS lease (name, holder, token, until) VALUES (%s, %s, 1, %s)"
            " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,"
            "   token = lease.token + CASE WHEN lease.holder = excluded.holder THEN 0 ELSE 1 END"
            " WHERE lease.holder = excluded.holder OR lease.until IS NULL OR lease.until < %s"
            " RETURNING token",
            [name, holder, until, clock.wall()],
        )
        row = cursor.fetchone()
    return Held(name, row[0]) if row else None


def seize(name: str, *, holder: str) -> Held:
    """The lease, whoever has it: for a process that takes the place of another one, which is dead or is to stop. The token says
    who came last."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_lease AS lease (name, holder, token, until) VALUES (%s, %s, 1, NULL)"
            " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = NULL, token = lease.token + 1"
            " RETURNING token",
            [name, holder],
        )
        return Held(name, cursor.fetchone()[0])


def confirm(held: Held) -> None:
    """Inside the writing transaction: still mine? Locks the lease row until commit. Raises `LeaseLost`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM core_lease WHERE name = %s AND token = %s FOR NO KEY UPDATE", [held.name, held.token]
        )
        if cursor.fetchone() is None:
            raise LeaseLost(held.name)


def renew(held: Held, *, seconds: int = 30) -> None:
    """`confirm`, and hold on for a while longer: for work of many transactions. Raises `LeaseLost`."""
    mine = Lease.objects.filter(name=held.name, token=held.token)
    if not mine.update(until=clock.wall() + timedelta(seconds=seconds)):
        raise LeaseLost(held.name)


def give_back(held: Held) -> None:
    """End the lease early; the token stays, so that the next holder's is higher."""
    Lease.objects.filter(name=held.name, token=held.token).update(until=None, holder="")


def release(prefix: str, *, but: Held | None = None) -> None:
    """A process of this name starts, so its predecessor is dead: its leases are free, with a higher token for the next."""
    rows = Lease.objects.filter(holder__startswith=prefix)
    rows.exclude(name=but.name if but else "").update(until=None, holder="")
