"""Slips of carriers that work by files, in words: what keeps a parcel out of a file, and what a person may do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.hub import connections, registry, slip_reasons
from apps.hub.contracts import SlipFault
from apps.hub.errors import Misconfigured
from apps.hub.models import Connection
from apps.staff.parts import words

FIELDS: dict[str, words.Word] = {
    "name": gettext_lazy("Name"),
    "company": gettext_lazy("Company"),
    "postal_code": gettext_lazy("Postal code"),
    "country": gettext_lazy("Country"),
    "region": gettext_lazy("Prefecture or state"),
    "city": gettext_lazy("City"),
    "line1": gettext_lazy("Street and number"),
    "line2": gettext_lazy("Building"),
    "phone": gettext_lazy("Phone"),
    "deliver_on": gettext_lazy("Wished day"),
    "time_slot": gettext_lazy("Wished hours"),
    "service": gettext_lazy("Service"),
    "cash": gettext_lazy("Cash on delivery"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One fault as a person reads it. `key` names the character for who accepts what is `offered`; None: nothing is."""

    field: str
    label: str
    words: str
    detail: str = ""
    character: str = ""
    offered: str | None = None

    @property
    def key(self) -> str:
        """The field and the character in one."""
        return f"{self.field}:{self.character}"


def told(faults: Iterable[SlipFault]) -> dict[str, list[Told]]:
    """Faults by the parcel's reference; those of the settings by an empty one."""
    found: dict[str, list[Told]] = {}
    for one in faults:
        said = str(slip_reasons.WORDS.get(one.reason, one.reason))
        found.setdefault(one.reference, []).append(
            Told(one.field, field_label(one.field), said, one.detail, one.character, one.offered)
        )
    return found


def in_short(faults: Iterable[Told]) -> list[Told]:
    """One line a field and reason, with all its characters."""
    found: dict[tuple[str, str], Told] = {}
    for one in faults:
        kind = (one.field, one.words)
        if not one.character:
            found[kind] = one
            continue
        character = one.character if one.character.isprintable() and one.character.strip() else one.detail
        before = found[kind].detail + " " if kind in found else ""
        found[kind] = replace(one, detail=before + character)
    return list(found.values())


def field_label(field: str) -> str:
    """A field's name: of the address, of the wish, or of the connection's settings."""
    whose, dot, rest = field.partition(".")
    if dot and whose == "sender":
        return _("Sender: %(field)s") % {"field": FIELDS.get(rest, rest)}
    return str(FIELDS.get(field) or _(field.replace("_", " ").capitalize()))


def carriers(rows: Iterable[Connection]) -> list[Connection]:
    """Those that sell labels or work by files."""
    manifests = registry.manifests()
    return [
        row
        for row in rows
        if (found := manifests.get(row.connector)) and {"label", "label.file"} & set(found.abilities)
    ]


def works_by_file(row: Connection | None) -> bool:
    """Whether a carrier works by files."""
    found = registry.manifests().get(row.connector) if row else None
    return found is not None and "label.file" in found.abilities


def services(row: Connection) -> list[tuple[str, str]]:
    """What a carrier offers, as (word, label); a seller's own choice is its settings'."""
    connector = _connector(row)
    return [(one.word, _(one.label)) for one in connector.services()] if connector else []


def service_label(row: Connection | None, word: str) -> str:
    """A service in words; empty is what is taken where nobody chose."""
    known = services(row) if row and works_by_file(row) else []
    if not word:
        return known[0][1] if known else ""
    return dict(known).get(word, word)


def slots(row: Connection) -> Sequence[str]:
    """The hours in which a carrier delivers."""
    connector = _connector(row)
    return list(connector.slots()) if connector else []


def _connector(row: Connection) -> Any:
    if not works_by_file(row):
        return None
    try:
        live = connections.live(row.id)
    except Misconfigured:
        return None
    return live.connector() if live else None


def choices(rows: Iterable[Connection]) -> list[tuple[str, str]]:
    """Carriers with their services, as a person chooses them: (`<connection>|<service>`, words)."""
    found = []
    for row in carriers(rows):
        offered = services(row)
        found += [(f"{row.id}|{word}", f"{row.name} · {label}") for word, label in offered] or [
            (f"{row.id}|", row.name)
        ]
    return found
