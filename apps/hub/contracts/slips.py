"""Slips of carriers that work by files: a sheet of parcels goes to the carrier's program, a file with the numbers comes back."""

from dataclasses import dataclass

from apps.hub.contracts.goods import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A way in which a carrier carries. `word` is what `LabelRequest.service` takes, `label` what people call it (a msgid)."""

    word: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipFault:
    """One thing that keeps a parcel out of a sheet until a person has looked at it.

    `reference` is the parcel's; empty: a setting of the connection or the shop's own address, which keep out every parcel.
    `field`: a field of `Address`, or deliver_on, time_slot, service, cash; a setting's name or sender.<field of `Address`>.
    `reason` is a code of `hub.slip_reasons.WORDS`, `detail` what it was. For the reason `character`, `character` is the one
    that cannot be printed and `offered` what may stand in its place once a person agrees; None where nothing can.
    """

    reference: str
    field: str
    reason: str
    detail: str = ""
    character: str = ""
    offered: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file for the carrier's program. `references`: the parcels in it, in its order.

    `faults`: why the others are not in it. `left`: sound ones that are beyond what the program takes at a time.
    """

    name: str
    content: bytes
    references: tuple[str, ...]
    faults: tuple[SlipFault, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One row of a file of issued numbers (1 = first data row). `label.reference` is the parcel's, as it came back.

    `doubt` is a code of `hub.slip_reasons.WORDS` for a number that is odd, and kept all the same.
    """

    row: int
    label: Label
    doubt: str = ""
