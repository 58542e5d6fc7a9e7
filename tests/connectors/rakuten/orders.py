"""Orders in the vendor's form, made by hand: what the stand-in never tells. A test names only what it is about."""

from typing import Any

ITEM: dict[str, Any] = {
    "itemDetailId": 11, "itemName": "煎茶", "itemId": 10000001, "itemNumber": "tea-100", "manageNumber": "tea",
    "price": 1200, "units": 2, "includeTaxFlag": 1, "taxRate": 0.08, "priceTaxIncl": 1200, "selectedChoice": None,
    "deleteItemFlag": 0, "SkuModelList": [{"variantId": "T1", "merchantDefinedSkuId": "TEA-100", "skuInfo": "容量:100g"}],
}  # fmt: skip
PERSON: dict[str, Any] = {
    "zipCode1": "100", "zipCode2": "0001", "prefecture": "東京都", "city": "千代田区", "subAddress": "千代田1-1",
    "familyName": "山田", "firstName": "花子", "familyNameKana": "ヤマダ", "firstNameKana": "ハナコ",
    "phoneNumber1": "03", "phoneNumber2": "1234", "phoneNumber3": "5678",
}  # fmt: skip


def item(**facts: Any) -> dict[str, Any]:
    return ITEM | facts


def package(*items: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return {
        "basketId": 501, "postageTaxRate": 0.1, "packageDeleteFlag": 0, "SenderModel": dict(PERSON),
        "ItemModelList": list(items or (item(),)), "ShippingModelList": [], "DeliveryCvsModel": None, "noshi": None,
    } | facts  # fmt: skip


def order(*packages: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """Two teas for 2,400 yen and 600 yen carriage, by card at Rakuten, to be shipped."""
    return {
        "orderNumber": "123456-20261123-0000000001", "orderProgress": 300, "orderDatetime": "2026-11-23T10:00:00+0900",
        "shopOrderCfmDatetime": "2026-11-23T10:05:00+0900", "orderFixDatetime": "2026-11-23T10:07:00+0900",
        "shippingInstDatetime": "2026-11-23T10:07:00+0900", "shippingCmplRptDatetime": None, "modifyFlag": 0,
        "deliveryDate": None, "shippingTerm": None, "remarks": "", "giftCheckFlag": 0, "isolatedIslandFlag": 0,
        "goodsPrice": 2400, "postagePrice": 600, "paymentCharge": 0, "paymentChargeTaxRate": 0.1,
        "additionalFeeOccurAmountToUser": 0, "requestPrice": 3000, "couponShopPrice": 0, "couponOtherPrice": 0,
        "OrdererModel": PERSON | {"emailAddress": "a44c9e37s1@pc.fw.rakuten.ne.jp"},
        "SettlementModel": {
            "settlementMethodCode": 1, "settlementMethod": "クレジットカード", "rpaySettlementFlag": 1,
        },
        "PointModel": {"usedPoint": 0}, "WrappingModel1": None, "WrappingModel2": None,
        "PackageModelList": list(packages or (package(),)), "ChangeReasonModelList": [],
    } | facts  # fmt: skip


def paid_by(code: int, *, rakuten: int = 0, name: str = "") -> dict[str, Any]:
    return {"settlementMethodCode": code, "settlementMethod": name, "rpaySettlementFlag": rakuten}
