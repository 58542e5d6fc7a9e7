"""What a merchant fills in for Yamato: the contract as B2 Cloud wants it on each row, and what is printed on each slip."""

from typing import Annotated, Literal

from msgspec import Meta

from apps.hub.contracts import Address
from apps.hub.registry import Settings


class YamatoSettings(Settings, frozen=True, kw_only=True):
    """`customer_code` (12 digits), `classification_code` (1-3 digits, mostly empty) and `fare_number`: who pays, 40-42.

    `contents` is 品名１ of every slip. `sender` fills what the warehouse's own address leaves empty. `default_service` is
    taken where nobody chose one. `nekopos_code`: ネコポス is A in newer papers and 7 in older ones. `copies` is 発行枚数,
    for 発払い only; `piece_mark` 個数口表示フラグ (1 printed, 2 not, 3 a frame and the count). `handling`: at most two of
    精密機器, ワレ物注意, 下積厳禁, 天地無用, ナマモノ. `earliest_day`: 最短日 where the customer wished no day.
    """

    customer_code: Annotated[str, Meta(pattern=r"^(\d{12})?$")] = ""
    classification_code: Annotated[str, Meta(pattern=r"^\d{0,3}$")] = ""
    fare_number: Annotated[str, Meta(pattern=r"^\d{2}$")] = "01"
    contents: str = ""
    sender: Address = Address()
    honorific: Literal["様", "御中", "殿", "行", "係", "宛", "先生", "なし"] = "様"
    default_service: Literal[
        "takkyubin", "takkyubin:chilled", "takkyubin:frozen", "compact", "nekopos", "yu_packet", "freight_collect",
    ] = "takkyubin"  # fmt: skip
    nekopos_code: Literal["A", "7"] = "A"
    copies: Annotated[int, Meta(ge=1, le=99)] = 1
    piece_mark: Literal["", "1", "2", "3"] = ""
    handling: tuple[str, ...] = ()
    remark: str = ""
    earliest_day: bool = False
