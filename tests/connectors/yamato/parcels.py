"""Made-up parcels for the golden files and the tests of single columns."""

from dataclasses import replace
from datetime import date

from apps.connectors.yamato import mapping
from apps.connectors.yamato.settings import YamatoSettings
from apps.hub import contracts as c

DAY = date(2026, 11, 24)
SHOP = c.Address(
    name="青葉堂", postal_code="1100005", country="JP", region="東京都", city="台東区", line1="上野1-2-3",
    line2="青葉ビル2F", phone="03-0000-0000",
)  # fmt: skip
HANAKO = c.Address(
    name="高橋 花子", postal_code="662-0911", country="JP", region="兵庫県", city="西宮市", line1="池田町4-12",
    phone="090-1234-4471",
)  # fmt: skip
CONTRACT = YamatoSettings(customer_code="090123456789", contents="和のうつわ")


def parcel(reference: str = "S00000001-1", *, to: c.Address = HANAKO, **more) -> c.LabelRequest:
    """A parcel to Hanako."""
    said = {"ship_from": SHOP, "parcel": c.Parcel(weight_g=800), "currency": "JPY"} | more
    return c.LabelRequest(reference=reference, ship_to=to, **said)


def to(**fields) -> c.LabelRequest:
    """A parcel to Hanako with another address."""
    return parcel(to=replace(HANAKO, **fields))


def sheet(*requests: c.LabelRequest, settings: YamatoSettings = CONTRACT, ship_on: date = DAY) -> c.Sheet:
    """Their sheet."""
    return mapping.sheet(requests, settings, ship_on=ship_on)


def with_settings(**fields) -> YamatoSettings:
    """The contract with other settings."""
    told = {name: getattr(CONTRACT, name) for name in CONTRACT.__struct_fields__}
    return YamatoSettings(**(told | fields))


GOLDEN: dict[str, c.Sheet] = {
    "plain": sheet(
        parcel(),
        parcel(
            "S00000002-1",
            to=replace(
                HANAKO, name="山田, \"太郎\"", company="株式会社くろこ", region="大阪府", city="大阪市北区",
                line1="梅田３－１－３ ～東", line2="ｸﾛｺﾋﾞﾙ 5F", postal_code="５３０ー０００１", phone="+81 6-1234-5678",
            ),
        ),
    ),
    "cash": sheet(
        parcel(cash_on_delivery_minor=4070, cash_on_delivery_tax_minor=370, deliver_on=date(2026, 11, 27), time_slot="1820"),
        parcel("S00000002-1", cash_on_delivery_minor=300_000, cash_on_delivery_tax_minor=300_000),
        parcel("S00000003-1", service="compact", cash_on_delivery_minor=30_000, time_slot="0812"),
        settings=with_settings(handling=("ワレ物注意", "天地無用"), remark="ご注文ありがとうございます", piece_mark="3"),
    ),
    "services": sheet(
        parcel("S00000001-1", service="takkyubin:frozen"),
        parcel("S00000002-1", service="takkyubin:chilled"),
        parcel("S00000003-1", service="nekopos"),
        parcel("S00000004-1", service="yu_packet"),
        parcel("S00000005-1", service="freight_collect"),
        parcel("S00000006-1", to=replace(HANAKO, name="", company="高田製作所株式会社")),
        settings=with_settings(copies=2, earliest_day=True, classification_code="001", honorific="殿"),
    ),
}  # fmt: skip
