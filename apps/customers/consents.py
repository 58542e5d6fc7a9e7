"""What people allowed: a row for each word of theirs, the newest of a kind holds; `Customer.marketing_allowed` mirrors mail."""

from django.db import transaction

from apps.customers.models import Consent, Customer


def note(customer: Customer, *, kind: str, is_given: bool, source: str, wording: str, noted_by: str) -> Consent:
    """Write down what was said. Whoever is erased can allow nothing any more: `ValueError`."""
    with transaction.atomic():
        row = Customer.objects.select_for_update(no_key=True).get(id=customer.id)
        if row.erased_at is not None:
            raise ValueError("the person is erased")
        made = Consent.objects.create(
            customer=row, kind=kind, is_given=is_given, source=source, wording=wording[:2000], noted_by=noted_by
        )
        if kind == Consent.Kind.MAIL and row.marketing_allowed != is_given:
            row.marketing_allowed = is_given
            row.save(update_fields=["marketing_allowed"])
    return made


def standing(customer: Customer) -> dict[str, Consent]:
    """kind -> the word that holds now; kinds of which nothing was ever said are left out."""
    rows = Consent.objects.filter(customer=customer).order_by("kind", "-at", "-id").distinct("kind")
    return {row.kind: row for row in rows}
