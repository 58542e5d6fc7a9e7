"""The first person of an installation proves that the machine is theirs: whoever starts Kurogo is shown a code, nobody else is.

The code follows from `SECRET_KEY`, so that every program of the installation knows it and none stores it; it opens nothing
any more as soon as there is a person.
"""

import secrets

import psycopg
from django.utils.crypto import salted_hmac

_SALT = "kurogo.first-run"


def code(secret: str) -> str:
    """Twenty-four characters that only those can know who can read the installation's secrets."""
    return salted_hmac(_SALT, "owner", secret=secret, algorithm="sha256").hexdigest()[:24]


def is_code(told: str, secret: str) -> bool:
    """Whether these are they; takes as long for a wrong one."""
    return bool(secret) and secrets.compare_digest(told.encode(), code(secret).encode())


def is_empty(database_url: str) -> bool:
    """Whether nobody lives in the database yet; for programs that have no Django of their own."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM auth_user)").fetchone()
    return row is not None and not row[0]
