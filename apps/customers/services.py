"""Who bought: one row per e-mail address and brand; nothing is merged on a guess."""

from collections.abc import Sequence
from uuid import UUID

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.core.models import Brand
from apps.customers.models import Address, Customer
from apps.hub import contracts


def recognise(brand: Brand, cards: Sequence[contracts.CustomerCard | None]) -> list[Customer | None]:
    """The customer of each card, made where new; None for a card that says nothing. Two statements for a batch."""
    mails = [normal_mail(card.email) if card else "" for card in cards]
    known = {row.email: row for row in Customer.objects.filter(brand=brand, email__in={mail for mail in mails if mail})}
    fresh: list[Customer] = []
    found: list[Customer | None] = []
    for card, mail in zip(cards, mails, strict=True):
        if card is None or not (mail or card.name or card.phone):
            found.append(None)
            continue
        customer = known.get(mail) if mail else None
        if customer is None:
            customer = Customer(
                id=uuid7(), brand=brand, email=mail, name=card.name[:160], kana=card.kana[:160], phone=card.phone[:30],
                locale=card.locale[:8], created_at=clock.now(),
            )  # fmt: skip
            fresh.append(customer)
            if mail:
                known[mail] = customer
        found.append(customer)
    if fresh:
        rows.insert(fresh)
    return found


def keep_addresses(pairs: Sequence[tuple[Customer | None, contracts.Address | None]]) -> list[Address | None]:
    """The addresses as they were written; one that the customer gave before is used again. Two statements for a batch."""
    owners = {customer.id for customer, address in pairs if customer and address}
    known = {(row.customer_id, _words(row)): row for row in Address.objects.filter(customer__in=owners)}
    fresh: list[Address] = []
    kept: list[Address | None] = []
    for customer, address in pairs:
        if address is None:
            kept.append(None)
            continue
        owner: UUID | None = customer.id if customer else None
        row = known.get((owner, _words(address))) if owner else None
        if row is None:
            row = Address(
                id=uuid7(), customer_id=owner, name=address.name[:160], company=address.company[:160],
                postal_code=address.postal_code[:16], country=address.country[:2], region=address.region[:80],
                city=address.city[:120], line1=address.line1[:200], line2=address.line2[:200], phone=address.phone[:30],
            )  # fmt: skip
            fresh.append(row)
            if owner:
                known[(owner, _words(address))] = row
        kept.append(row)
    if fresh:
        rows.insert(fresh)
    return kept


def normal_mail(address: str) -> str:
    """An address as it is compared: trimmed, lower case."""
    return address.strip().lower()[:254]


def _words(address: Address | contracts.Address) -> tuple[str, ...]:
    return (
        address.name, address.company, address.postal_code, address.country, address.region, address.city,
        address.line1, address.line2, address.phone,
    )  # fmt: skip
