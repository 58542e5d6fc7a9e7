"""Who bought: one row per e-mail address and brand; nothing is merged on a guess.

Two sales of one new address may be taken in at the same moment: the later insert waits for the earlier one and yields to it.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson
from django.db import connection as database

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.core.models import Brand
from apps.customers.models import Address, Customer
from apps.hub import contracts


def recognise(brand: Brand, cards: Sequence[contracts.CustomerCard | None]) -> list[Customer | None]:
    """The customer of each card, made where new; None for a card that says nothing. At most four statements for
    a batch."""
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
            customer = _customer(brand, mail, card)
            fresh.append(customer)
            if mail:
                known[mail] = customer
        found.append(customer)
    if not fresh:
        return found
    rows.insert(row for row in fresh if not row.email)
    with_mail = sorted((row for row in fresh if row.email), key=lambda row: row.email)  # all wait in one order
    rows.insert_new(with_mail)
    met = Customer.objects.filter(brand=brand, email__in=[row.email for row in with_mail]) if with_mail else []
    known |= {row.email: row for row in met}
    return [known[row.email] if row and row.email else row for row in found]


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
            row = _address(owner, address)
            fresh.append(row)
            if owner:
                known[(owner, _words(address))] = row
        kept.append(row)
    if fresh:
        rows.insert(fresh)
    return kept


_TOLD = ("id", "email", "name", "kana", "phone", "locale")
_HOMES = ("id", "name", "company", "postal_code", "country", "region", "city", "line1", "line2", "phone")
# Whoever is known is not written, so that nobody waits for a person who is being edited; a rival's row that is on its way is waited
# for, and then neither seen nor written: the second look finds it. People and homes are looked up one by one (LATERAL, and OFFSET 0
# keeps it so): a young shop has no statistics yet, and a join without them reads every customer and every address for each sale.
_MEET = f"""
WITH told AS MATERIALIZED (
    SELECT told.*, known.id AS customer
    FROM json_to_recordset(%(told)s::json)
        AS told(id uuid, email varchar, name varchar, kana varchar, phone varchar, locale varchar)
    LEFT JOIN LATERAL (
        SELECT c.id FROM customers_customer AS c WHERE c.brand_id = %(brand)s AND c.email = told.email AND c.email <> '' OFFSET 0
    ) AS known ON TRUE
), made AS (
    INSERT INTO customers_customer
        (id, brand_id, email, name, kana, phone, locale, marketing_allowed, note, created_at)
    SELECT id, %(brand)s, email, name, kana, phone, locale, FALSE, '', %(now)s FROM told WHERE customer IS NULL
    ORDER BY email
    ON CONFLICT DO NOTHING
    RETURNING email, id
)
SELECT told.email, told.customer, {", ".join(f"a.{name}" for name in _HOMES)}
FROM told
LEFT JOIN LATERAL (SELECT * FROM customers_address AS home WHERE home.customer_id = told.customer OFFSET 0) AS a ON TRUE
WHERE told.customer IS NOT NULL
UNION ALL
SELECT email, id, {", ".join(["NULL"] * len(_HOMES))} FROM made
"""


def take_in(
    brand: Brand, told: Sequence[tuple[contracts.CustomerCard | None, contracts.Address | None]]
) -> list[tuple[UUID | None, UUID | None]]:
    """Who bought and where it goes, as `recognise` and `keep_addresses` tell them: the ids, for sales by the hundred.

    People with a mail are looked for and made by one statement; what else is new by one for each of the two.
    """
    mails = [normal_mail(card.email) if card else "" for card, _ in told]
    cards = {}
    for (card, _), mail in zip(told, mails, strict=True):
        if card and mail:
            cards.setdefault(mail, card)
    people, homes = _meet(brand, cards)
    customers, addresses, found = [], [], []
    for (card, address), mail in zip(told, mails, strict=True):
        owner = people.get(mail)
        if owner is None and card is not None and (card.name or card.phone):
            customers.append(_customer(brand, "", card))
            owner = customers[-1].id
        home = homes.get((owner, _words(address))) if owner and address else None
        if home is None and address is not None:
            addresses.append(_address(owner, address))
            home = addresses[-1].id
            if owner:
                homes[(owner, _words(address))] = home
        found.append((owner, home))
    rows.insert(customers)
    rows.insert(addresses)
    return found


Homes = dict[tuple[UUID, tuple[str, ...]], UUID]


def _meet(brand: Brand, cards: Mapping[str, contracts.CustomerCard]) -> tuple[dict[str, UUID], Homes]:
    """The customers of these mails, made where new, and the addresses that they gave before."""
    people: dict[str, UUID] = {}
    homes: Homes = {}
    left = cards
    with database.cursor() as cursor:
        while left:  # a second time only for those that somebody else made meanwhile
            made = [_customer(brand, mail, card) for mail, card in left.items()]
            said = [{name: str(getattr(row, name)) for name in _TOLD} for row in made]
            wanted = {"told": orjson.dumps(said).decode(), "brand": brand.id, "now": clock.now()}
            cursor.execute(_MEET, wanted)
            for mail, owner, home, *words in cursor.fetchall():
                people[mail] = owner
                if home:
                    homes[(owner, tuple(words))] = home
            left = {mail: card for mail, card in left.items() if mail not in people}
    return people, homes


def _customer(brand: Brand, mail: str, card: contracts.CustomerCard) -> Customer:
    return rows.new(
        Customer, id=uuid7(), brand_id=brand.id, email=mail, name=card.name[:160], kana=card.kana[:160],
        phone=card.phone[:30], locale=card.locale[:8], created_at=clock.now(),
    )  # fmt: skip


def _address(owner: UUID | None, address: contracts.Address) -> Address:
    return rows.new(
        Address, id=uuid7(), customer_id=owner, name=address.name[:160], company=address.company[:160],
        postal_code=address.postal_code[:16], country=address.country[:2], region=address.region[:80],
        city=address.city[:120], line1=address.line1[:200], line2=address.line2[:200], phone=address.phone[:30],
    )  # fmt: skip


def normal_mail(address: str) -> str:
    """An address as it is compared: trimmed, lower case."""
    return address.strip().lower()[:254]


def _words(address: Address | contracts.Address) -> tuple[str, ...]:
    return (
        address.name, address.company, address.postal_code, address.country, address.region, address.city,
        address.line1, address.line2, address.phone,
    )  # fmt: skip
