"""Orders as RMS tells them (getOrder v7), to our words. Pure.

The lines of a draft add up to what is owed, by the vendor's own total, or the order is `Unreadable` with both amounts; where
Rakuten has not fixed an amount (-9999), the draft holds what is known and says that it awaits the rest.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import count
from typing import Any

from apps.connectors.rakuten import codes
from apps.core.money import Money
from apps.hub import contracts as c
from apps.hub.errors import Unreadable

Body = Mapping[str, Any]
JST = timezone(timedelta(hours=9))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATES = (
    "orderDatetime",
    "shopOrderCfmDatetime",
    "orderFixDatetime",
    "shippingInstDatetime",
    "shippingCmplRptDatetime",
)
_CHANGE_DATES = ("changeApplyDatetime", "changeFixDatetime", "changeCmplDatetime")


def moment(text: str) -> datetime:
    """`2026-11-23T10:00:00+0900` to aware UTC; a time without a zone is Japan's."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=JST)).astimezone(UTC)


def written(at: datetime) -> str:
    """A moment as searchOrder wants it: whole seconds in Japan's time, no colon in the offset."""
    return at.astimezone(JST).strftime("%Y-%m-%dT%H:%M:%S+0900")


def external_id(manage_number: str, variant_id: str) -> str:
    """A listing's id: `manageNumber/variantId`. Neither may hold a slash."""
    return f"{manage_number}/{variant_id}"


def sku_of(manage_number: str, variant_id: str, merchant_sku: str | None, item_number: str | None = None) -> str:
    """The merchant's own code of a SKU (システム連携用SKU番号); without one the listing's id, which is never ambiguous.

    An order from before the shop's SKU migration has no variant: there 商品番号 is the code.
    """
    if merchant_sku:
        return merchant_sku
    return external_id(manage_number, variant_id) if variant_id else item_number or manage_number


def packages(body: Body) -> list[Body]:
    """Destinations that were not taken out of the order."""
    return [one for one in body["PackageModelList"] if not one.get("packageDeleteFlag")]


def items(package: Body) -> list[Body]:
    """Articles that were not taken out of it."""
    return [one for one in package["ItemModelList"] if not one.get("deleteItemFlag")]


# The order


def order_draft(body: Body, *, currency: str = "JPY") -> c.OrderDraft:
    """One order. Raises `Unreadable` where the lines do not add up, KeyError and friends where the form is another."""
    progress = int(body["orderProgress"])
    settlement = body.get("SettlementModel") or {}
    unfixed = [name for name in codes.AMOUNTS if body.get(name) == codes.NOT_FIXED]
    method = _method(body, settlement, is_fixed=not unfixed)
    lines = tuple(_lines(body, currency, is_rakuten=method == "prepaid"))
    total = sum(line.total_minor for line in lines)
    if not unfixed:
        owed = body["requestPrice"] + (_paid_there(body) if method in ("prepaid", "free") else 0)
        lines, total = _made_whole(body, lines, owed, currency)
    destinations = packages(body)
    return c.OrderDraft(
        external_id=body["orderNumber"],
        number=body["orderNumber"],
        version=_version(body, progress, is_fixed=not unfixed),
        placed_at=moment(body["orderDatetime"]),
        currency=currency,
        total_minor=total,
        lines=lines,
        prices_include_tax=True,
        payment_method=method,
        payment_raw=(settlement.get("settlementMethod") or "")[:80],
        is_cancelled=progress == codes.CANCELLED,
        customer=_customer(body.get("OrdererModel")),
        ship_to=_ship_to(destinations),
        note=_note(body, destinations),
        raw_status=_status(body, progress),
        awaits=_awaits(progress, unfixed),
        wished_on=date.fromisoformat(body["deliveryDate"][:10]) if body.get("deliveryDate") else None,
        time_slot=codes.time_slot(body.get("shippingTerm")),
    )


def _method(body: Body, settlement: Body, *, is_fixed: bool) -> str:
    """What points and Rakuten's coupons pay whole is collected by Rakuten, whatever else was chosen."""
    if is_fixed and body["requestPrice"] == 0:
        return "prepaid" if _paid_there(body) else "free"
    return codes.payment_method(
        settlement.get("settlementMethodCode"), is_rakuten=settlement.get("rpaySettlementFlag") == 1
    )


def _paid_there(body: Body) -> int:
    """What Rakuten pays the shop of it: its own coupons, and the customer's points."""
    points = (body.get("PointModel") or {}).get("usedPoint") or 0
    return int(body["couponOtherPrice"] + points)


def _awaits(progress: int, unfixed: Sequence[str]) -> str:
    missing = f"未確定: {'・'.join(codes.AMOUNTS[name] for name in unfixed)}" if unfixed else ""
    if progress in codes.RELEASED or progress == codes.CANCELLED:
        return missing
    return f"{codes.progress(progress)} ({missing})" if missing else codes.progress(progress)


def _version(body: Body, progress: int, *, is_fixed: bool) -> int:
    """Rises with each change that Rakuten dates, with the progress, and when the amounts are fixed or mended."""
    at = changed_at(body)
    return (at - _EPOCH) // timedelta(seconds=1) * 1000 + progress + 2 * int(body.get("modifyFlag") or 0) + is_fixed


def changed_at(body: Body) -> datetime:
    """The newest date that the order knows of itself."""
    told = [body.get(name) for name in _DATES]
    told += [change.get(name) for change in body.get("ChangeReasonModelList") or () for name in _CHANGE_DATES]
    return max(moment(text) for text in told if text)


def has_dated_change(body: Body) -> bool:
    """Whether a change or a cancellation of the order says when it was."""
    return any(change.get(name) for change in body.get("ChangeReasonModelList") or () for name in _CHANGE_DATES)


def _status(body: Body, progress: int) -> str:
    reasons = [change.get("changeReasonDetail") for change in body.get("ChangeReasonModelList") or ()]
    told = [f"{reason} {codes.CHANGE_REASONS.get(reason, '')}".strip() for reason in reasons if reason]
    return codes.progress(progress) + (f" ({told[-1]})" if told else "")


# Lines


def _lines(body: Body, currency: str, *, is_rakuten: bool) -> Iterator[c.LineDraft]:
    numbers = count(1)
    goods: dict[int | None, int] = {}
    for package in packages(body):
        for item in items(package):
            line = _item(item, next(numbers), currency)
            goods[line.tax_rate_bp] = goods.get(line.tax_rate_bp, 0) + line.total_minor
            yield line
    for kind, title, amount, rate, name in _charges(body):
        yield _plain(next(numbers), kind, title, amount, rate, name, currency)
    for title, amount, name in _deductions(body, is_rakuten=is_rakuten):
        for rate, part in _by_rate(amount, goods):
            place = f"{name}:{'' if rate is None else rate}"
            yield _plain(next(numbers), "discount", title, -part, rate, place, currency)


def _item(item: Body, number: int, currency: str) -> c.LineDraft:
    price = int(item.get("priceTaxIncl") or item["price"])
    units = int(item["units"])
    skus = item.get("SkuModelList") or [{}]
    variant = skus[0].get("variantId") or ""
    chosen = " ".join((skus[0].get("skuInfo") or item.get("selectedChoice") or "").split())
    return c.LineDraft(
        number=number, kind="item", title=f"{item['itemName']} {chosen}".strip(), quantity=units,
        total_minor=price * units, unit_price=Money(price, currency).amount, external_id=str(item["itemDetailId"]),
        sku=sku_of(item["manageNumber"], variant, skus[0].get("merchantDefinedSkuId"), item.get("itemNumber")),
        tax_rate_bp=_rate(item.get("taxRate", item.get("TaxRate"))),
    )  # fmt: skip


def _charges(body: Body) -> Iterator[tuple[str, str, int, int | None, str]]:
    """(kind, title, amount, tax rate, name) of what is charged beside the articles, as far as it is fixed."""
    for name in ("WrappingModel1", "WrappingModel2"):
        wrapping = body.get(name)
        if wrapping and wrapping.get("price") and not wrapping.get("deleteWrappingFlag"):
            amount = wrapping["price"] + (0 if wrapping.get("includeTaxFlag") else wrapping.get("taxPrice") or 0)
            yield "fee", wrapping["name"] or "ラッピング", amount, _rate(wrapping.get("taxRate")), name
    parts = packages(body)
    rate = _rate(parts[0].get("postageTaxRate")) if parts else None
    for field, kind, title, at in (
        ("postagePrice", "shipping", "送料", rate),
        ("paymentCharge", "fee", "決済手数料", _rate(body.get("paymentChargeTaxRate"))),
        ("additionalFeeOccurAmountToUser", "fee", "注文者負担金", None),
    ):
        amount = body.get(field) or 0
        if amount not in (0, codes.NOT_FIXED):
            yield kind, title, amount, at, field


def _deductions(body: Body, *, is_rakuten: bool) -> Iterator[tuple[str, int, str]]:
    """(title, amount, name). The shop's own coupons are its loss. Rakuten's coupons and points are paid by Rakuten: part of
    what it collects, but nothing that a carrier or a bank may ask the customer for.
    """
    shop = body.get("couponShopPrice") or 0
    if shop not in (0, codes.NOT_FIXED):
        yield "店舗クーポン", shop, "couponShopPrice"
    if is_rakuten:
        return
    theirs = body.get("couponOtherPrice") or 0
    if theirs not in (0, codes.NOT_FIXED):
        yield "楽天負担クーポン", theirs, "couponOtherPrice"
    points = (body.get("PointModel") or {}).get("usedPoint") or 0
    if points:
        yield "楽天ポイント", points, "usedPoint"


def _by_rate(amount: int, goods: Mapping[int | None, int]) -> Iterator[tuple[int | None, int]]:
    """A deduction shared over the tax rates of the articles, in proportion; the largest takes the rest."""
    whole = sum(goods.values())
    rates = sorted(goods, key=lambda rate: goods[rate])
    left = amount
    for rate in rates[:-1]:
        part = amount * goods[rate] // whole if whole else 0
        left -= part
        if part:
            yield rate, part
    yield (rates[-1] if rates else None), left


def _made_whole(
    body: Body, lines: tuple[c.LineDraft, ...], owed: int, currency: str
) -> tuple[tuple[c.LineDraft, ...], int]:
    """Where prices exclude tax, each article's tax is rounded by itself and the order's by the shop's own rule."""
    rest = owed - sum(line.total_minor for line in lines)
    without_tax = sum(not item.get("includeTaxFlag") for package in packages(body) for item in items(package))
    if rest == 0:
        return lines, owed
    if abs(rest) > without_tax:
        raise Unreadable(
            f"order {body['orderNumber']} says {owed} {currency} (minor units), its lines add up to {owed - rest}"
        )
    kind = "fee" if rest > 0 else "discount"
    return (*lines, _plain(len(lines) + 1, kind, "消費税端数", rest, None, "rounding", currency)), owed


def _plain(
    number: int, kind: str, title: str, amount: int, rate: int | None, name: str, currency: str
) -> c.LineDraft:  # fmt: skip
    return c.LineDraft(
        number=number, kind=kind, title=title, quantity=1, total_minor=amount,
        unit_price=Money(amount, currency).amount, external_id=name, tax_rate_bp=rate,
    )  # fmt: skip


def _rate(rate: float | None) -> int | None:
    return None if rate is None else int((Decimal(str(rate)) * 10_000).to_integral_value())


# People and places


def _customer(said: Body | None) -> c.CustomerCard | None:
    if not said:
        return None
    return c.CustomerCard(
        email=said.get("emailAddress") or "",
        name=_name(said),
        kana=_name(said, "Kana"),
        phone=_phone(said),
        locale="ja",
    )


def _ship_to(destinations: Sequence[Body]) -> c.Address | None:
    """None where a person has to look: several destinations, or a counter where the customer fetches the parcel. The note
    tells of them.
    """
    if len(destinations) != 1 or _counter(destinations[0]):
        return None
    return _address(destinations[0].get("SenderModel"))


def _counter(package: Body) -> str:
    """The shop or post office where the parcel is fetched, written out."""
    said = package.get("DeliveryCvsModel") or {}
    parts = (said.get("storeName"), said.get("storeZip"), said.get("storePrefecture"), said.get("storeAddress"))
    return " ".join(part for part in parts if part)


def _address(said: Body | None) -> c.Address | None:
    if not said:
        return None
    return c.Address(
        name=_name(said), postal_code=_zip(said), country="JP", region=said.get("prefecture") or "",
        city=said.get("city") or "", line1=said.get("subAddress") or "", phone=_phone(said),
    )  # fmt: skip


def _name(said: Body, suffix: str = "") -> str:
    """Family name first."""
    parts = (said.get(f"familyName{suffix}"), said.get(f"firstName{suffix}"))
    return " ".join(part.strip() for part in parts if part and part.strip())


def _zip(said: Body) -> str:
    return "-".join(part for part in (said.get("zipCode1"), said.get("zipCode2")) if part)


def _phone(said: Body) -> str:
    """Three parts, any of which may be null."""
    return "-".join(part for number in (1, 2, 3) if (part := said.get(f"phoneNumber{number}")))


def _note(body: Body, destinations: Sequence[Body]) -> str:
    """What the customer writes, and what whoever packs must know, a line each."""
    said = [(body.get("remarks") or "").strip()]
    if body.get("giftCheckFlag"):
        said.append("ギフト配送希望")
    if body.get("isolatedIslandFlag"):
        said.append("離島")
    said += [f"のし: {package['noshi']}" for package in destinations if package.get("noshi")]
    said += [f"受取場所: {counter}" for package in destinations if (counter := _counter(package))]
    if len(destinations) > 1:
        said.append(f"送付先 {len(destinations)}件")
        said += [_written_out(package) for package in destinations]
    return "\n".join(line for line in said if line)


def _written_out(package: Body) -> str:
    to = _address(package.get("SenderModel")) or c.Address()
    units = ", ".join(f"{item['itemName']} × {item['units']}" for item in items(package))
    return f"{to.name} 〒{to.postal_code} {to.region}{to.city}{to.line1} {to.phone}: {units}"
