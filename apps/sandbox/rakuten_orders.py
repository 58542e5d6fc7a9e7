"""Sales as RMS tells them: getOrder's OrderModel, version 7, made from the sale as it was placed.

Amounts are whole numbers of the currency's smallest coin. They add up to what the customer owes, or the sale is refused.
"""

import hashlib
import re
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from apps.core.money import to_minor
from apps.sandbox.book import sale_of
from apps.sandbox.words import Person, Sale, SaleLine

JST = timezone(timedelta(hours=9))
NOT_FIXED = -9999
# settlementMethodCode, settlementMethod, rpaySettlementFlag
SETTLEMENTS: dict[str, tuple[int, str, int]] = {
    "card": (1, "クレジットカード", 1),
    "konbini": (14, "ローソン、郵便局ATM等（前払）", 1),
    "cod": (2, "代金引換", 0),
    "prepaid": (12, "Apple Pay", 1),
    "free": (8, "ポイント", 1),
}
_ODD = re.compile(r"[^0-9A-Za-z_-]")


@lru_cache(maxsize=65_536)
def number_of(kind: str, *parts: object) -> int:
    """An id of nine digits at most, the same in every run."""
    text = "|".join(map(str, (kind, *parts)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") % 899_999_999 + 100_000_000


@lru_cache(maxsize=65_536)
def manage_number(sku: str) -> str:
    """商品管理番号: small letters and digits."""
    return f"k{hashlib.blake2b(sku.encode(), digest_size=6).hexdigest()}"


@lru_cache(maxsize=65_536)
def variant_id(sku: str) -> str:
    """SKU管理番号: capitals are others than small letters here."""
    return _ODD.sub("-", sku)[:32] or "-"


def written(seconds: int | None) -> str | None:
    """`2026-11-23T10:00:00+0900`."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(JST).strftime("%Y-%m-%dT%H:%M:%S+0900") if seconds else None


class Priced:
    """A sale with its amounts. Raises ValueError where they are not the sale's own total."""

    def __init__(self, sale: Sale) -> None:
        if not sale.prices_include_tax:
            raise ValueError("this mall's prices include tax")
        self.sale = sale
        self.items = [line for line in sale.lines if line.kind == "item" and line.unit_price >= 0]
        self.goods = sum(self.price(line) * line.quantity for line in self.items)
        charges = [line for line in sale.lines if line not in self.items]
        self.postage = sum(_total(sale, line) for line in charges if line.kind == "shipping")
        self.fee = sum(_total(sale, line) for line in charges if line.kind == "fee" and line.unit_price >= 0)
        rest = self.goods + self.postage + self.fee - sale.total_minor
        self.coupon = -sum(_total(sale, line) for line in charges if line.kind != "shipping" and line.unit_price < 0)
        if rest != self.coupon:
            raise ValueError(f"sale {sale.number} says {sale.total_minor}, its lines add up otherwise by {rest}")

    def price(self, line: SaleLine) -> int:
        """A unit's price; finer ones than the smallest coin are no prices here."""
        price = to_minor(line.unit_price, self.sale.currency)
        if price * line.quantity != _total(self.sale, line):
            raise ValueError(f"sale {self.sale.number}: {line.unit_price} is finer than the smallest coin")
        return price


def _total(sale: Sale, line: SaleLine) -> int:
    return to_minor(line.unit_price * line.quantity, sale.currency)


def order_model(row: sqlite3.Row, *, shipments: list[dict[str, Any]]) -> dict[str, Any]:
    """One order as it stands now; `row` is of the view `rakuten_shown`."""
    sale = sale_of(row)
    priced = Priced(sale)
    code, name, is_rakuten = SETTLEMENTS.get(sale.payment, SETTLEMENTS["prepaid"])
    is_cod = sale.payment == "cod"
    postage = NOT_FIXED if row["is_unfixed"] else priced.postage
    total = NOT_FIXED if row["is_unfixed"] else priced.goods + priced.postage
    rate = priced.items[0].tax_rate_bp / 10_000 if priced.items else 0.1
    basket = number_of("basket", sale.number)
    return _PLAIN | {
        "orderNumber": sale.number,
        "orderProgress": row["progress"],
        "orderDatetime": written(row["placed"]),
        "shopOrderCfmDatetime": written(row["confirmed"]),
        "orderFixDatetime": written(row["fixed"]),
        "shippingInstDatetime": written(row["fixed"]),
        "shippingCmplRptDatetime": written(row["reported"]),
        "goodsPrice": priced.goods,
        "goodsTax": 0,
        "postagePrice": postage,
        "deliveryPrice": priced.fee if is_cod else 0,
        "paymentCharge": priced.fee if is_cod else 0,
        "paymentChargeTaxRate": rate,
        "totalPrice": total,
        "requestPrice": NOT_FIXED if row["is_unfixed"] else sale.total_minor,
        "couponAllTotalPrice": priced.coupon,
        "couponShopPrice": priced.coupon,
        "couponOtherPrice": 0,
        "additionalFeeOccurAmountToUser": 0 if is_cod else priced.fee,
        "additionalFeeOccurAmountToShop": 0,
        "modifyFlag": row["is_mended"],
        "OrdererModel": _person(sale.person) | _MAIL | {"emailAddress": masked(sale.person)},
        "SettlementModel": _CARD | {
            "settlementMethodCode": code, "settlementMethod": name, "rpaySettlementFlag": is_rakuten,
        },
        "DeliveryModel": {"deliveryName": "宅配便", "deliveryClass": None},
        "PointModel": {"usedPoint": 0},
        "PackageModelList": [
            {
                "basketId": basket,
                "postagePrice": postage,
                "postageTaxRate": rate,
                "deliveryPrice": priced.fee if is_cod else 0,
                "deliveryTaxRate": rate,
                "goodsTax": 0,
                "goodsPrice": priced.goods,
                "totalPrice": total,
                "noshi": None,
                "packageDeleteFlag": 0,
                "SenderModel": _person(sale.person) | {"isolatedIslandFlag": 0},
                "ItemModelList": [_item(priced, place, line) for place, line in enumerate(priced.items)],
                "ShippingModelList": shipments,
                "DeliveryCvsModel": None,
                "defaultDeliveryCompanyCode": "1001",
            }
        ],
        "ChangeReasonModelList": [_cancellation(row)] if row["cancelled"] else [],
    }  # fmt: skip


def _item(priced: Priced, place: int, line: SaleLine) -> dict[str, Any]:
    price = priced.price(line)
    return _ARTICLE | {
        "itemDetailId": number_of("detail", priced.sale.number, place),
        "itemName": line.title,
        "itemId": number_of("item", line.sku),
        "itemNumber": line.sku[:32],
        "manageNumber": manage_number(line.sku),
        "price": price,
        "units": line.quantity,
        "taxRate": line.tax_rate_bp / 10_000,
        "priceTaxIncl": price,
        "SkuModelList": [
            {"variantId": variant_id(line.sku), "merchantDefinedSkuId": line.sku, "skuInfo": None}
        ],
    }  # fmt: skip


def _cancellation(row: sqlite3.Row) -> dict[str, Any]:
    at = written(row["updated"])
    return {
        "changeId": number_of("change", row["number"]), "changeType": 2, "changeTypeDetail": 2, "changeReason": 0,
        "changeReasonDetail": 8, "changeApplyDatetime": at, "changeFixDatetime": at, "changeCmplDatetime": at,
    }  # fmt: skip


def masked(person: Person) -> str:
    """The relay's address that stands for the customer's."""
    who = person.email or person.id or person.name
    return f"{hashlib.blake2b(who.encode(), digest_size=16).hexdigest()}s1@pc.fw.rakuten.ne.jp"


def _person(person: Person) -> dict[str, Any]:
    code = "".join(sign for sign in person.postal_code if sign.isalnum())
    family, _, first = person.name.partition(" ")
    family_kana, _, first_kana = person.kana.partition(" ")
    return {
        "zipCode1": code[:3],
        "zipCode2": code[3:],
        "prefecture": person.region,
        "city": person.city,
        "subAddress": " ".join(part for part in (person.line1, person.line2) if part),
        "familyName": family,
        "firstName": first,
        "familyNameKana": family_kana or None,
        "firstNameKana": first_kana or None,
        **_phone(person.phone),
    }


def _phone(phone: str) -> dict[str, str | None]:
    """Three parts as they were written; without hyphens all of it is the first."""
    parts: list[str | None] = [*(phone.split("-", 2) if phone else [])]
    parts += [None] * (3 - len(parts))
    return {f"phoneNumber{number}": part for number, part in enumerate(parts, start=1)}


_PLAIN: dict[str, Any] = {
    "subStatusId": None, "subStatusName": None, "cancelDueDate": None, "deliveryDate": None, "shippingTerm": None,
    "remarks": "", "giftCheckFlag": 0, "severalSenderFlag": 0, "equalSenderFlag": 1, "isolatedIslandFlag": 0,
    "rakutenMemberFlag": 1, "carrierCode": 0, "emailCarrierCode": 0, "orderType": 1, "reserveNumber": None,
    "reserveDeliveryCount": None, "cautionDisplayType": 0, "rakutenConfirmFlag": 0, "asurakuFlag": 0, "drugFlag": 0,
    "dealFlag": 0, "membershipType": 0, "memo": None, "operator": None, "mailPlugSentence": None, "isTaxRecalc": 1,
    "receiptIssueCount": 0, "receiptIssueHistoryList": [], "WrappingModel1": None, "WrappingModel2": None,
    "CouponModelList": None, "TaxSummaryModelList": [], "DueDateModelList": [],
}  # fmt: skip
_MAIL: dict[str, Any] = {"sex": None, "birthYear": None, "birthMonth": None, "birthDay": None}
_CARD: dict[str, Any] = {
    "cardName": None, "cardNumber": None, "cardOwner": None, "cardYm": None, "cardPayType": None,
    "cardInstallmentDesc": None,
}  # fmt: skip
_ARTICLE: dict[str, Any] = {
    "includePostageFlag": 0, "includeTaxFlag": 1, "includeCashOnDeliveryPostageFlag": 0, "selectedChoice": None,
    "pointRate": 1, "pointType": 0, "inventoryType": 1, "delvdateInfo": None, "restoreInventoryFlag": 0, "dealFlag": 0,
    "drugFlag": 0, "deleteItemFlag": 0, "isSingleItemShipping": 0,
}  # fmt: skip
