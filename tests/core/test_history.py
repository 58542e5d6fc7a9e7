"""What an edited record said before: kept by the database, with the person, and never changed again."""

import pghistory
import pytest
from django.db import DatabaseError, connection, transaction

from apps.core import clock
from apps.core.models import Brand, Company
from apps.customers.models import Customer


@pytest.mark.django_db
def test_an_edit_keeps_the_old_row_and_the_person():
    company = Company.objects.create(name="Aobado")

    with pghistory.context(actor="hana"):
        Company.objects.filter(pk=company.pk).update(name="Aobado K.K.")

    edits = list(company.edits.values_list("name", "pgh_label", "pgh_context__metadata__actor"))
    assert edits == [("Aobado", "update", "hana")]


@pytest.mark.django_db
def test_a_save_that_changes_nothing_keeps_nothing():
    company = Company.objects.create(name="Aobado")

    company.save()

    assert company.edits.count() == 0


@pytest.mark.django_db
def test_kept_rows_cannot_be_changed():
    company = Company.objects.create(name="Aobado")
    Company.objects.filter(pk=company.pk).update(name="Other")

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        company.edits.update(name="Never")


@pytest.mark.django_db
def test_kept_rows_of_people_can_be_erased():
    brand = Brand.objects.create(code="aoba", name="Aobado")
    customer = Customer.objects.create(brand=brand, name="Kato Rina", created_at=clock.now())
    Customer.objects.filter(pk=customer.pk).update(name="Kato R.")

    customer.edits.all().delete()

    assert customer.edits.count() == 0


@pytest.mark.django_db
def test_the_application_may_edit_tracked_records():
    company = Company.objects.create(name="Aobado")

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE kurogo_app")
        with pghistory.context(actor="hana"):
            Company.objects.filter(pk=company.pk).update(name="Aobado K.K.")
        cursor.execute("RESET ROLE")

    assert [edit.name for edit in company.edits.all()] == ["Aobado"]
