"""What was written stays written: each append-only table has its trigger, and the application's role has no right to change."""

import pytest
from django.db import DatabaseError, connection, transaction

from apps.core import roles
from tests import sql

pytestmark = pytest.mark.django_db

MUST = {
    "core_statemove", "core_auditentry", "ledger_entry", "ledger_line", "inventory_stockmovement", "inventory_shrinkage",
    "inventory_landedcost", "inventory_landedpart", "inventory_transferstep", "hub_attempt", "orders_orderrevision",
    "shipping_trackstep", "reconciliation_moneyline",
}  # fmt: skip
_GUARDS = """
SELECT t.relname,
    EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = t.oid AND g.tgname = 'append_only' AND g.tgenabled <> 'D'),
    has_table_privilege('kurogo_app', t.oid, 'UPDATE'), has_table_privilege('kurogo_app', t.oid, 'DELETE'),
    has_table_privilege('kurogo_app', t.oid, 'TRUNCATE'), has_table_privilege('kurogo_app', t.oid, 'INSERT')
FROM pg_class t WHERE t.relname = ANY(%s) AND t.relnamespace = 'public'::regnamespace"""


def _tables() -> list[str]:
    return sorted(model._meta.db_table for model in roles.append_only_models())


def test_history_is_declared_as_such():
    assert sorted(MUST - set(_tables())) == []


def test_every_append_only_table_is_guarded_twice():
    with connection.cursor() as cursor:
        cursor.execute(_GUARDS, [_tables()])
        guards = {row[0]: row[1:] for row in cursor.fetchall()}

    assert sorted(guards) == _tables()
    assert {table: guard for table, guard in guards.items() if guard != (True, False, False, False, True)} == {}


@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_application_is_refused_at_every_one(verb):
    for model in roles.append_only_models():
        table, key = model._meta.db_table, model._meta.pk.column
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            sql.run(verb.format(table, key, key), role=sql.APPLICATION)


def test_the_application_can_do_its_work_elsewhere():
    sql.run("UPDATE hub_connection SET last_error = ''", role=sql.APPLICATION)


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE mine (id int)", "DROP TABLE hub_connection", "ALTER TABLE hub_connection ADD x int"]
)
def test_the_application_cannot_alter_the_schema(statement):
    with pytest.raises(DatabaseError, match=r"must be owner|permission denied"), transaction.atomic():
        sql.run(statement, role=sql.APPLICATION)
