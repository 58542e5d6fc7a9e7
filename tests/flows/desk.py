"""A shop that sends with Yamato, and the desk at which somebody works with B2 Cloud (the stand-in, in this process)."""

import base64
import csv
import io
from pathlib import Path
from typing import Any

from apps.core import clock
from apps.flows import dispatch, wiring
from apps.hub import connections
from apps.hub.models import Connection
from apps.sandbox.world import Plan, World
from apps.sandbox.yamato import YamatoStandin
from tests.staff.builders import Shop, make_connection, make_shop

CONTRACT = {"customer_code": "090123456789", "contents": "和のうつわ"}
SENDER = {
    "name": "青葉堂", "country": "JP", "postal_code": "110-0005", "region": "東京都", "city": "台東区", "line1": "上野1-2-3",
    "phone": "03-0000-0000",
}  # fmt: skip


def make_carrier(shop: Shop, name: str = "ヤマト", **settings: Any) -> Connection:
    """Yamato, after whatever else carries for the shop."""
    shop.location.ship_from = SENDER
    shop.location.save(update_fields=["ship_from"])
    made = make_connection(shop.brand, "yamato", name, settings=CONTRACT | settings)
    wiring.forget()
    connections.forget()
    return made


def open_desk_shop(**stock: int) -> tuple[Shop, Connection]:
    """A shop whose one carrier is Yamato."""
    shop = make_shop(**stock)
    shop.carrier.delete()
    return shop, make_carrier(shop)


class Desk:
    """Whoever works with B2 Cloud."""

    def __init__(self, folder: Path) -> None:
        world = World(folder, Plan(None))
        world.settle([YamatoStandin])
        self.program = world.standins["yamato"]

    def register(self, content: bytes) -> tuple[int, list[dict[str, Any]], bytes]:
        """A sheet is registered: slips, what was refused, and the file of their numbers."""
        after = len(self.slips())
        told = self.program.command("import", {"file": base64.b64encode(content).decode()})
        assert "error" not in told, told
        return (
            told["slips"],
            told["refused"],
            base64.b64decode(self.program.command("issued", {"after": after})["file"]),
        )

    def slips(self) -> list[dict[str, Any]]:
        """The program's own ledger."""
        return self.program.command("slips", {})["slips"]


def rows_of(content: bytes) -> list[list[str]]:
    """The data rows of a sheet."""
    return list(csv.reader(io.StringIO(content.decode("cp932"))))[1:]


def numbers_file(*pairs: tuple[str, str]) -> bytes:
    """A file of numbers typed by hand: (key, number)."""
    lines = ["お客様管理番号,送り状種類,クール区分,伝票番号", *(f"{key},0,,{number}" for key, number in pairs)]
    return ("\r\n".join(lines) + "\r\n").encode("cp932")


def drain() -> None:
    """A worker takes in what came."""
    while dispatch.drain("test"):
        pass


def today() -> str:
    """The day of shipment as the sheet writes it."""
    return f"{clock.business_date():%Y/%m/%d}"
