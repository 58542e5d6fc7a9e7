"""The audit of deeds is written once and never changed, by nobody."""

import pytest
from django.db import DatabaseError, transaction

from apps.core import audit
from apps.core.models import AuditEntry, Company
from tests import sql

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
@pytest.mark.parametrize(("role", "words"), [(sql.OWNER, "append-only"), (sql.APPLICATION, "permission denied")])
def test_neither_the_owner_nor_the_application_can_change_it(statement, role, words):
    audit.record("company.renamed", actor="hana")

    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        sql.run(statement, role=role)

    assert AuditEntry.objects.get().actor == "hana"
