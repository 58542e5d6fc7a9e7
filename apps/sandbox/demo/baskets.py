"""Who buys what in the demo: a function of the order's number alone, so that nothing depends on when one looks."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from apps.sandbox.demo import goods
from apps.sandbox.demo.goods import GOODS
from apps.sandbox.japan import JapaneseMarket
from apps.sandbox.market import line_minor, share
from apps.sandbox.stripe_money import VOUCHERS_PAID
from apps.sandbox.words import Person, Sale, SaleLine
from apps.sandbox.world import Plan, ident

MARKET = JapaneseMarket()
CUSTOMERS = 300
# Of orders whose slip nobody would pay in time, so many are konbini orders all the same.
UNPAID_SHARE = 0.2
UNKNOWN = SaleLine(
    sku="NOSHI-OREI", title="のし紙「御礼」名入れ", quantity=1, unit_price=Decimal(330), tax_rate_bp=1000
)


def shop_number(number: int) -> str:
    """An order's name in the web shop."""
    return f"#{number}"


def mall_number(number: int) -> str:
    """An order's number in the mall."""
    return f"K{number:04d}"


def payment_id(number: str) -> str:
    """The id that the payment stand-in gives the first payment of an order."""
    return ident("pi_", number, 0)


def will_pay(number: str) -> bool:
    """Whether the customer of a konbini order goes to the till in time: the payment stand-in's own rule."""
    return Plan(None).number("voucher", payment_id(number)) < VOUCHERS_PAID


def person(number: str) -> Person:
    """One of the shop's customers; about every tenth order is from a guest who is here for the first time."""
    customer = "" if share("guest", number) < 0.1 else f"{1001 + int(share('customer', number) * CUSTOMERS)}"
    who = MARKET.person(customer, "Japan", number)
    return who if customer else msgspec.structs.replace(who, email=f"guest-{ident('', number)[:8]}@example.com")


def basket(number: str) -> list[SaleLine]:
    """One to three articles."""
    wanted = 1 + int(share("articles", number) ** 2 * 3)
    units = {_pick(f"{number}/{place}"): 1 + int(share("units", number, place) ** 3 * 3) for place in range(wanted)}
    return [goods.line(sku, quantity) for sku, quantity in units.items()]


def _pick(key: str) -> str:
    place = share("pick", key) * sum(good.pull for good in GOODS)
    for good in GOODS:
        place -= good.pull
        if place < 0:
            return good.sku
    raise AssertionError


def payment(number: str, channel: str) -> str:
    """How it is paid; few of those who would never pay a slip ask for one."""
    way = share("payment", number)
    asks_for_slip = way < 0.2 if will_pay(number) else share("unpaid", number) < UNPAID_SHARE
    if asks_for_slip:
        return "konbini"
    if channel == "shopify":
        return "card"
    return "cod" if way > 0.75 else "prepaid"


def sale(
    number: str,
    at: datetime,
    *,
    channel: str,
    lines: Sequence[SaleLine] = (),
    pays: str = "",
    who: Person | None = None,
) -> Sale:
    """An order; what is not said follows from its number. Carriage is 770 yen under 11,000, 代引 costs 330 more."""
    bought = list(lines) or basket(number)
    pays = pays or payment(number, channel)
    total = sum(line_minor(one, goods.CURRENCY) for one in bought)
    if total < goods.FREE_SHIPPING_FROM:
        bought.append(_charge("POST", "送料", 770, "shipping"))
    if pays == "cod":
        bought.append(_charge("COD", "代引手数料", 330, "fee"))
    return Sale(
        number=number, at=at.isoformat(), currency=goods.CURRENCY, payment=pays,
        total_minor=sum(line_minor(one, goods.CURRENCY) for one in bought), lines=tuple(bought),
        person=who or person(number), channel=channel,
    )  # fmt: skip


def without_street(number: str) -> Person:
    """A customer who left the street out."""
    return msgspec.structs.replace(person(number), line1="")


def _charge(sku: str, title: str, yen: int, kind: str) -> SaleLine:
    return SaleLine(sku=sku, title=title, quantity=1, unit_price=Decimal(yen), kind=kind, tax_rate_bp=1000)
