"""Statements run past the application: as the owner of the tables, or with the application's rights."""

from django.db import connection

OWNER, APPLICATION = "owner", "kurogo_app"


def run(statement: str, *values: object, role: str = OWNER) -> None:
    """One statement in the test's transaction; the role goes back to the owner's after it."""
    with connection.cursor() as cursor:
        if role != OWNER:
            cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement, values)
        if role != OWNER:
            cursor.execute("RESET ROLE")
