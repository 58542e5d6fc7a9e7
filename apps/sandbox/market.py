"""What the file of orders does not say is made up here, from its numbers alone: people, addresses, taxes, payments.

Everything made up is a function of the customer's or the order's number, so that a second reading makes up the same.
E-mail addresses are at example.com, which belongs to nobody (RFC 2606).
"""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from apps.core import money
from apps.sandbox.retail import CARRIAGE, Invoice, Row
from apps.sandbox.words import Article, Person, Returned, ReturnedLine, Sale, SaleLine

COUNTRIES = {
    "United Kingdom": "GB", "Germany": "DE", "France": "FR", "EIRE": "IE", "Netherlands": "NL", "Spain": "ES",
    "Belgium": "BE", "Switzerland": "CH", "Australia": "AU", "Portugal": "PT", "Norway": "NO", "Channel Islands": "JE",
    "Cyprus": "CY", "Italy": "IT", "Finland": "FI", "Japan": "JP", "Sweden": "SE", "Hong Kong": "HK", "Poland": "PL",
    "Denmark": "DK", "Austria": "AT", "Singapore": "SG", "Iceland": "IS", "Greece": "GR", "Canada": "CA", "Malta": "MT",
    "Lebanon": "LB", "Israel": "IL", "Lithuania": "LT", "Brazil": "BR", "United Arab Emirates": "AE", "USA": "US",
    "Bahrain": "BH", "Czech Republic": "CZ", "Saudi Arabia": "SA", "European Community": "BE", "RSA": "ZA",
}  # fmt: skip
FIRST = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Finn", "Greta", "Hugo", "Ida", "Jonas", "Kate", "Liam", "Mona", "Noel")
LAST = (
    "Archer",
    "Baker",
    "Carter",
    "Dyer",
    "Fisher",
    "Glover",
    "Hunter",
    "Mason",
    "Potter",
    "Sawyer",
    "Tanner",
    "Webb",
)
STREETS = ("Mill Lane", "Station Road", "Church Street", "Park Avenue", "Bridge Street", "Orchard Close", "High Street")
TOWNS = ("Ashford", "Bridport", "Cranleigh", "Dunster", "Elmswell", "Fordham", "Grafton", "Hartley", "Kelso", "Ludlow")
CSV_SHARE = 0.3


def share(*parts: object) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    digest = hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def choice(options: tuple[str, ...], *parts: object) -> str:
    """One of the options, by the parts."""
    return options[int(share(*parts) * len(options))]


class Market:
    """The shop as the file has it: pounds, tax in the prices, cards in the shop, the marketplace collects itself."""

    currency = "GBP"
    country = "GB"
    zone = ZoneInfo("Europe/London")

    def at(self, moment: datetime) -> datetime:
        """When it happens in business time."""
        return moment

    def price(self, row: Row) -> Decimal:
        """Unit price in major units, tax included."""
        return row.price

    def rate_bp(self, code: str, day: date) -> int:
        """The tax rate that the prices include, in basis points: VAT was 17.5 % until 3 January 2011, then 20 %."""
        return 1750 if day < date(2011, 1, 4) else 2000

    def payment(self, invoice: Invoice, channel: str, person: Person) -> str:
        """How the customer pays."""
        return "card" if channel == "shopify" else "prepaid"

    def person(self, customer: str, country: str, number: str) -> Person:
        """Somebody for a customer number; a guest is made up from the order's number and leaves no e-mail."""
        who = customer or f"guest-{number}"
        code = COUNTRIES.get(country, "GB")
        return Person(
            id=customer,
            email=f"customer-{customer}@example.com" if customer else "",
            name=f"{choice(FIRST, 'first', who)} {choice(LAST, 'last', who)}",
            country=code,
            postal_code=self._postal_code(code, who),
            city=choice(TOWNS, "town", who),
            line1=f"{1 + int(share('house', who) * 180)} {choice(STREETS, 'street', who)}",
        )

    def _postal_code(self, country: str, who: str) -> str:
        digits = f"{int(share('post', who) * 90000) + 10000}"
        return f"EX{digits[0]} {digits[1]}AB" if country in {"GB", "JE"} else digits

    # What is built from it

    def sale(self, invoice: Invoice, channel: str) -> Sale:
        """An invoice as a sale: its products, its carriage and its other fees; the total follows from the lines."""
        at = self.at(invoice.at)
        day = at.date()
        person = self.person(invoice.customer, invoice.country, invoice.number)
        lines = tuple(self._line(row, day) for row in invoice.rows)
        total = sum(line_minor(line, self.currency) for line in lines)
        return Sale(
            number=invoice.number,
            at=at.isoformat(),
            currency=self.currency,
            payment=self.payment(invoice, channel, person) if total else "free",
            total_minor=total,
            lines=lines,
            person=person,
            channel=channel,
        )

    def _line(self, row: Row, day: date) -> SaleLine:
        kind = "item" if row.is_product else "shipping" if row.code in CARRIAGE else "fee"
        return SaleLine(
            sku=row.code,
            title=row.title or row.code,
            quantity=row.quantity,
            unit_price=self.price(row),
            kind=kind,
            tax_rate_bp=self.rate_bp(row.code, day),
        )

    def returned(self, invoice: Invoice) -> Returned:
        """A cancellation as a document."""
        person = self.person(invoice.customer, invoice.country, invoice.number)
        lines = tuple(
            ReturnedLine(
                sku=row.code,
                title=row.title or row.code,
                quantity=-row.quantity,
                amount_minor=money.to_minor(self.price(row) * -row.quantity, self.currency),
            )
            for row in invoice.rows
        )
        at = self.at(invoice.at).isoformat()
        return Returned(number=invoice.number, at=at, currency=self.currency, email=person.email, lines=lines)

    def article(self, code: str, title: str, price: Decimal, day: date) -> Article:
        """A product as channels list it."""
        return Article(
            sku=code,
            title=title or code,
            price=price,
            currency=self.currency,
            tax_rate_bp=self.rate_bp(code, day),
        )


def line_minor(line: SaleLine, currency: str) -> int:
    """What a line costs in minor units: quantity × unit price, half up. Every stand-in computes it so."""
    return money.to_minor(line.unit_price * line.quantity, currency)


def channel_of(block: int) -> str:
    """Which channel sells a block of neighbouring sales: about 30 % come as files (blocks, so that files have rows)."""
    return "csv" if share("channel", block) < CSV_SHARE else "shopify"
