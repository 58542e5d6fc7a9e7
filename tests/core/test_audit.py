"""The audit of deeds is written once and never changed, by nobody."""

import pytest
from django.db import DatabaseError, connection, transaction

from apps.core import audit
from apps.core.models import AuditEntry, Company

pytestmark = pytest.mark.django_db


def test_a_deed_names_person_action_and_record():
    company = Company.objects.create(name="Aobado")

    audit.record("company.renamed", actor="hana", subject=company, detail={"to": "Aobado"}, address="127.0.0.1")

    row = AuditEntry.objects.values("actor", "action", "kind", "subject", "detail", "address").get()
    assert row == {
        "actor": "hana", "action": "company.renamed", "kind": "core.company", "subject": str(company.id),
        "detail": {"to": "Aobado"}, "address": "127.0.0.1",
    }  # fmt: skip


@pytest.mark.parametrize("statement", ["UPDATE core_auditentry SET actor = 'x'", "DELETE FROM core_auditentry"])
@pytest.mark.parametrize("role", ["owner", "kurogo_app"])
def test_neither_the_owner_nor_the_application_can_change_it(statement, role):
    audit.record("company.renamed", actor="hana")

    with pytest.raises(DatabaseError, match="append-only|permission denied"), transaction.atomic():
        with connection.cursor() as cursor:
            if role != "owner":
                cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute(statement)

    assert AuditEntry.objects.get().actor == "hana"
