"""The abilities of a folder of files: client and mapping put together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.connectors.csv import codes, mapping, papers
from apps.connectors.csv.client import Folder, Listed
from apps.connectors.csv.settings import CsvSettings
from apps.core import clock
from apps.hub.abilities import Event
from apps.hub.contracts import (
    FileRead,
    Fulfilment,
    FulfilmentReceipt,
    SourceFile,
    StockOutcome,
    StockQuantity,
    VariantCard,
)
from apps.hub.errors import Permanent

PAGE = 20  # files
ROWS = 1000


class CsvConnector:
    """Files, orders in them, stock and shipments to and from one folder."""

    def __init__(self, settings: CsvSettings, connection_id: UUID) -> None:
        self.settings = settings
        self.connection_id = connection_id
        self.folder = Folder(settings)

    def read(self, topic: str, raw: bytes) -> Sequence[SourceFile]:
        """A notice is a file; what it says is `read_file`'s."""
        return [mapping.source_file(topic, raw)]

    def read_file(self, file: SourceFile, *, start_row: int = 0) -> FileRead:
        """Things and rows set aside, from data row `start_row` on."""
        return mapping.read_file(file, self.settings, start_row=start_row)

    def file_event(self, file: SourceFile) -> Event:
        """A fetched or uploaded file as a notice; pushed again it is the same one."""
        return mapping.file_event(file)

    def new_files(self, since: datetime) -> Iterator[SourceFile]:
        """Their files changed since, oldest first; a file that went meanwhile is left out."""
        for listed in self.folder.listing(since):
            if listed.kind in codes.KINDS and (file := self._fetched(listed)):
                yield file

    def changed_orders(self, since: datetime, until: datetime) -> Iterator[Sequence[Event]]:
        """Their order files of the window as they stand now. Raises as `client` does."""
        page: list[Event] = []
        for listed in self._order_files(since, until):
            if file := self._fetched(listed):
                page.append(mapping.file_event(file))
            if len(page) == PAGE:
                yield page
                page = []
        if page:
            yield page

    def fetch_order(self, external_id: str) -> Event | None:
        """The file that holds the order now; None where their index does not have it."""
        rows = self.folder.index(order=external_id)
        if rows is None:
            raise Permanent("this folder keeps no orders-index.json: an order cannot be asked for by its number")
        row = next((row for row in rows if row.order_number == external_id), None)
        file = self._fetched(Listed(row.file, row.changed_at, "orders")) if row else None
        if file is None or mapping.only_order(file, external_id, self.settings) is None:
            return None
        return replace(mapping.file_event(file), subject=f"order:{external_id}"[:120])

    def variants(self) -> Iterator[Sequence[VariantCard]]:
        """What they list, out of catalogue.csv; rows that cannot be read are left out."""
        yield from self._pages(mapping.read_file(self._own("catalogue.csv", "catalogue"), self.settings).things)

    def shown_stock(self) -> Iterator[Sequence[StockQuantity]]:
        """What they show, out of shown.csv."""
        yield from self._pages(papers.read_shown(self._own("shown.csv", "shown"), self.settings).things)

    def set_stock(self, quantities: Sequence[StockQuantity], key: str) -> Sequence[StockOutcome]:
        """One file with all numbers, its name carrying the key."""
        put = self.folder.put(mapping.stock_name(key), mapping.stock_file(quantities, self.settings))
        return mapping.stock_outcomes(quantities, put.answer)

    def create_fulfilment(self, fulfilment: Fulfilment, key: str) -> FulfilmentReceipt:
        """One file, its name carrying our shipment's number."""
        name = mapping.shipment_name(fulfilment.reference)
        self.folder.put(name, mapping.shipment_file(fulfilment, self.settings))
        return FulfilmentReceipt(reference=fulfilment.reference, external_id=name)

    def find_fulfilment(self, fulfilment: Fulfilment) -> FulfilmentReceipt | None:
        """Whether the file of that shipment is there."""
        name = mapping.shipment_name(fulfilment.reference)
        if self.folder.get(name) is None:
            return None
        return FulfilmentReceipt(reference=fulfilment.reference, external_id=name)

    def check(self) -> Mapping[str, str]:
        """Whether the folder answers to the token."""
        if not self.settings.base_url:
            return {"folder": "none; files are pushed or uploaded"}
        return {"folder": f"{len(self.folder.listing(clock.wall()))} new files"}

    def _order_files(self, since: datetime, until: datetime) -> list[Listed]:
        rows = self.folder.index(**{"from": since.isoformat(), "to": until.isoformat()})
        if rows is None:
            return [file for file in self.folder.listing(since) if file.kind == "orders" and file.changed_at < until]
        newest = {row.file: row.changed_at for row in rows}
        return sorted((Listed(name, at, "orders") for name, at in newest.items()), key=lambda f: (f.changed_at, f.name))

    def _own(self, name: str, kind: str) -> SourceFile:
        content = self.folder.get(name)
        if content is None:
            raise Permanent(f"this folder keeps no {name}")
        return SourceFile(name=name, kind=kind, content=content, at=clock.now())

    @staticmethod
    def _pages(things: Sequence[Any]) -> Iterator[Sequence[Any]]:
        for start in range(0, len(things), ROWS):
            yield things[start : start + ROWS]

    def _fetched(self, listed: Listed) -> SourceFile | None:
        content = self.folder.get(listed.name)
        if content is None:
            return None
        return SourceFile(name=listed.name, kind=listed.kind, content=content, at=listed.changed_at)
