"""What a code on goods says beyond the article: the lot, the serial number and the expiry date of a GS1 code.

GS1-128, GS1 DataMatrix and GS1 QR as scanners send them (with or without their symbology identifier), or as printed below the
bars, in brackets. Application identifiers 01, 10, 17 (15 where there is no 17) and 21 of the GS1 General Specifications.
"""

from dataclasses import dataclass
from datetime import date

import biip
from biip import ParseError
from biip.gs1_messages import GS1Message


@dataclass(frozen=True, slots=True)
class Goods:
    """What a code said; empty where it did not say it."""

    gtin: str = ""
    lot: str = ""
    serial: str = ""
    expires_on: date | None = None

    def is_of(self, barcode: str) -> bool:
        """Whether this is the article with that barcode (a JAN is a GTIN with a zero before it)."""
        return bool(self.gtin and barcode.isdigit() and barcode.zfill(14) == self.gtin.zfill(14))


def read(code: str) -> Goods | None:
    """What a GS1 code says of a lot, a serial number or a date; None where it is another code."""
    try:
        message = GS1Message.parse_hri(code) if code.startswith("(") else biip.parse(code).gs1_message
    except ParseError:
        return None
    said = {part.ai.ai: part for part in message.element_strings} if message else {}
    if not said.keys() & {"10", "17", "15", "21"}:
        return None
    day = said.get("17") or said.get("15")
    words = {ai: part.value for ai, part in said.items()}
    return Goods(words.get("01", ""), words.get("10", ""), words.get("21", ""), day.date if day else None)
