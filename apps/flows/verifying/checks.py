"""One check is two statements: how many rows it looks at, and which of them break the rule, by a name that a person finds.

Set-based, so that a quarter of a million order lines take seconds; read in one snapshot, so that a working shop is not
accused of what it is about to commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection as database

EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Check:
    """`checked`: a SELECT of one number. `broken`: a SELECT of one text column, a row for each violation."""

    says: str
    checked: str
    broken: str
    params: Sequence[Any] = ()


@dataclass(slots=True)
class Finding:
    """What became of one invariant: rows checked, violations, and up to ten of them by name."""

    id: str
    checked: int = 0
    violations: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def is_ok(self) -> bool:
        """Nothing breaks it."""
        return not self.violations

    def add(self, says: str, *, checked: int, violations: int, names: Sequence[str]) -> None:
        """One check's result."""
        self.checked += checked
        self.violations += violations
        room = EXAMPLES - len(self.examples)
        self.examples += [f"{says}: {name}" for name in names[:room]]

    def as_json(self) -> dict[str, Any]:
        """As `manage.py verify --json` says it."""
        return {
            "id": self.id,
            "ok": self.is_ok,
            "checked": self.checked,
            "violations": self.violations,
            "examples": self.examples,
        }


def run(id_: str, checks: Sequence[Check]) -> Finding:
    """Run the checks of one invariant."""
    finding = Finding(id_)
    with database.cursor() as cursor:
        for check in checks:
            cursor.execute(
                f"WITH broken(example) AS MATERIALIZED ({check.broken})"
                f" SELECT ({check.checked}), (SELECT count(*) FROM broken),"
                f" ARRAY(SELECT example::text FROM broken ORDER BY 1 LIMIT {EXAMPLES})",
                list(check.params),
            )
            checked, violations, names = cursor.fetchone()
            finding.add(check.says, checked=checked, violations=violations, names=names)
    return finding


def append_only(*tables: str) -> Check:
    """The guards of append-only tables stand: the trigger is on, and the application may neither change nor delete."""
    names = ", ".join(f"'{table}'" for table in tables)
    return Check(
        "append-only is guarded",
        f"SELECT count(*) FROM pg_class WHERE relname IN ({names}) AND relnamespace = 'public'::regnamespace",
        f"""SELECT t.relname FROM pg_class t WHERE t.relname IN ({names}) AND t.relnamespace = 'public'::regnamespace AND (
                NOT EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = t.oid AND g.tgname = 'append_only'
                            AND g.tgenabled <> 'D')
                OR EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = 'kurogo_app' AND (
                            has_table_privilege(r.oid, t.oid, 'UPDATE') OR has_table_privilege(r.oid, t.oid, 'DELETE')
                            OR has_table_privilege(r.oid, t.oid, 'TRUNCATE'))))""",
    )
