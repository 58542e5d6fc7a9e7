"""One PostgreSQL for the whole run, started before Django loads; sockets open to loopback alone.

The first process (xdist's controller, or the only one) starts the cluster in a temporary folder, shares it with the
workers through the environment and stops it at the end. DATABASE_URL from outside wins. Each worker has a test
database of its own.
"""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import psycopg
import pytest
from django.test import TransactionTestCase
from django.utils import translation

from apps.core import crypto, embedded, supervise

OWNER, APPLICATION = "kurogo_owner", "kurogo_app"
_undo = contextlib.ExitStack()


def _start_postgres() -> str:
    """Start a fast throw-away cluster and return the owner's DATABASE_URL; undone when the run ends."""
    home = Path(tempfile.mkdtemp(prefix="kurogo-tests-"))
    home.chmod(0o755)  # the database may have to run as another account
    _undo.callback(shutil.rmtree, home, ignore_errors=True)
    supervisor = _undo.enter_context(supervise.Supervisor(home))
    postgres = embedded.Postgres(home, password=secrets.token_hex(8), durable=False)
    postgres.start(supervisor)
    password = secrets.token_hex(8)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'")
    with psycopg.connect(postgres.url(role=OWNER, password=password), autocommit=True) as connection:
        # Made here and not by the first migration, because roles are the cluster's and the workers migrate side by
        # side. With `SET ROLE kurogo_app` a test works with the application's rights.
        connection.execute(f"CREATE ROLE {APPLICATION} NOLOGIN")
        connection.execute(f"GRANT {APPLICATION} TO {OWNER}")
    return postgres.url(role=OWNER, password=password, database="kurogo")


if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ.pop("BROKER_URL", None)  # tests ring no doorbell of the developer's
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = _start_postgres()
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(48)
    os.environ["KUROGO_KEYSET"] = crypto.new_keyset()
    os.environ["KUROGO_AUDIT_HEAD"] = ""  # nothing of the developer's installation is written over
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from apps.flows import standing, wiring  # noqa: E402 - models need Django
from apps.hub import connections  # noqa: E402
from tests import emptying  # noqa: E402

TransactionTestCase._fixture_teardown = lambda _self: emptying.empty()  # those that roll back do not come here


def pytest_unconfigure() -> None:
    _undo.close()


@pytest.fixture(autouse=True)
def _no_memory_of_the_test_before() -> None:
    """What a process remembers of connections for a few seconds is not of this test's database, nor are its forked children's."""
    wiring.forget()
    standing.forget()
    connections.forget()


@pytest.fixture(autouse=True)
def _languages_as_shipped() -> Iterator[None]:
    """A test that activates a language does not speak it to the next one."""
    before = translation.get_language()
    yield
    translation.activate(before) if before else translation.deactivate_all()
