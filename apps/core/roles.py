"""Least privilege in the database: the owner migrates, the application works, append-only rows stay as written.

The application connects as a member of `kurogo_app`, which owns nothing: it can neither alter the schema nor UPDATE or
DELETE an append-only table. A trigger says the same to the owner, so that a mistake in a migration is refused, too.
"""

from django.apps import apps
from django.db import connections, models

APPLICATION = "kurogo_app"
_REFUSE = "core_refuse_change"


def append_only_models() -> list[type[models.Model]]:
    """Every model that declares `append_only = True`."""
    return [model for model in apps.get_models() if getattr(model, "append_only", False)]


def apply_grants(using: str = "default") -> None:
    """Grant what the application may do on every table there is; run after each migrate, as the owner."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION])
        if cursor.fetchone() is None:
            return
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {APPLICATION}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APPLICATION}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APPLICATION}")
        for model in append_only_models():
            table = model._meta.db_table
            if table not in tables:
                continue
            cursor.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM {APPLICATION}')
            cursor.execute(
                f'CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}"'
                f" FOR EACH ROW EXECUTE FUNCTION {_REFUSE}()"
            )


def after_migrate(*, using: str, **_signal: object) -> None:
    """Receiver of post_migrate (the one signal in the house: Django offers no other place after all migrations)."""
    if connections[using].vendor == "postgresql":
        apply_grants(using)
