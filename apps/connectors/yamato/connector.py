"""Yamato's abilities: a sheet for B2 Cloud, and what its file of numbers says. There is nobody to call."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from apps.connectors.yamato import codes, issued, mapping
from apps.connectors.yamato.settings import YamatoSettings
from apps.hub.abilities import Event
from apps.hub.contracts import FileRead, LabelRequest, Service, Sheet, SourceFile


class YamatoConnector:
    """Implements `FileCarrier` and `Inbound`."""

    def __init__(self, settings: YamatoSettings, connection_id: UUID) -> None:
        self.settings = settings

    def services(self) -> Sequence[Service]:
        """Kinds of slips, the merchant's own first."""
        words = sorted(codes.SERVICES, key=lambda word: word != self.settings.default_service)
        return [Service(word=word, label=codes.SERVICES[word].label) for word in words]

    def slots(self) -> Sequence[str]:
        """The hours in which it delivers, from and to."""
        return codes.SLOTS

    def sheet(self, requests: Sequence[LabelRequest], *, ship_on: date) -> Sheet:
        """95 columns a parcel, cp932."""
        return mapping.sheet(requests, self.settings, ship_on=ship_on)

    def read(self, topic: str, raw: bytes) -> Sequence[SourceFile]:
        """A notice is a file; what it says is `read_file`'s."""
        return [issued.source_file(topic, raw)]

    def read_file(self, file: SourceFile, *, start_row: int = 0) -> FileRead:
        """The issued numbers, from data row `start_row` on."""
        return issued.read(file, start_row=start_row)

    def file_event(self, file: SourceFile) -> Event:
        """A file that was handed in, as a notice."""
        return issued.file_event(file)
