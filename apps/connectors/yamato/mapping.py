"""A parcel to the 95 columns. Pure: the same words give the same bytes, and what does not fit is named, never cut.

A parcel with a fault is left out of the sheet; a fault of the shop's own settings leaves the sheet empty.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date

from apps.connectors.yamato import codes, text
from apps.connectors.yamato.codes import Kind
from apps.connectors.yamato.settings import YamatoSettings
from apps.hub.contracts import Address, LabelRequest, Sheet, SlipFault

_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,50}")
_WIDTHS = dict(codes.LAYOUT)
Cells = dict[str, str]


class _Faults:
    """What keeps one parcel out of the sheet."""

    def __init__(self, reference: str) -> None:
        self.reference = reference
        self.found: list[SlipFault] = []

    def add(self, field: str, reason: str, detail: str = "") -> None:
        self.found.append(SlipFault(reference=self.reference, field=field, reason=reason, detail=detail))

    def printed(self, field: str, raw: str, most: int, *, is_needed: bool = False) -> str:
        """The text as it is printed in a column of so many bytes."""
        plain = text.folded(raw)
        if is_needed and not plain:
            self.add(field, "missing")
        strange = text.strangers(plain)
        for character in strange:
            self.found.append(
                SlipFault(
                    reference=self.reference, field=field, reason="character", character=character,
                    detail=f"U+{ord(character):04X}", offered=text.offered(character),
                )
            )  # fmt: skip
        if not strange and text.width(plain) > most:
            self.add(field, "too_long", f"{text.width(plain) / 2:g} / {most // 2}")
        return plain


def sheet(requests: Sequence[LabelRequest], settings: YamatoSettings, *, ship_on: date) -> Sheet:
    """The file of these parcels, header first, at most `codes.MOST_ROWS` of them."""
    faults = _shop_faults(requests, settings)
    rows: list[tuple[str, list[str]]] = []
    for request in requests if not faults else ():
        slip = _Slip(request, settings, ship_on)
        faults += slip.faults.found
        if not slip.faults.found:
            rows.append((request.reference, slip.cells()))
    taken = rows[: codes.MOST_ROWS]
    return Sheet(
        name=f"yamato-{ship_on:%Y%m%d}-{taken[0][0]}-{len(taken)}.csv" if taken else "",
        content=_written(cells for _, cells in taken) if taken else b"",
        references=tuple(reference for reference, _ in taken),
        faults=tuple(faults),
        left=tuple(reference for reference, _ in rows[codes.MOST_ROWS :]),
    )


def _written(rows: Iterable[Sequence[str]]) -> bytes:
    """cp932, CRLF, every cell in quotation marks."""
    page = io.StringIO()
    writer = csv.writer(page, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([header for header, _ in codes.LAYOUT])
    writer.writerows(rows)
    return page.getvalue().encode("cp932")


class _Slip:
    """One row. `faults` is filled while the cells are made."""

    def __init__(self, request: LabelRequest, settings: YamatoSettings, ship_on: date) -> None:
        if not _REFERENCE.fullmatch(request.reference):
            raise ValueError(f"not a key that comes back: {request.reference!r}")
        self.request, self.settings, self.ship_on = request, settings, ship_on
        self.faults = _Faults(request.reference)
        self.made: Cells = {codes.KEY: request.reference, "出荷予定日": f"{ship_on:%Y/%m/%d}"}
        kind = self._kind()
        if kind:
            self.made |= self._service(kind) | self._wish(kind) | self._cash(kind)
        self.made |= self._recipient() | _sender(request, settings, _Faults("")) | _shop(settings, _Faults(""))

    def cells(self) -> list[str]:
        """The 95 of them; those that we do not fill are empty."""
        strange = set(self.made) - set(_WIDTHS)
        if strange:
            raise ValueError(f"no columns of the layout: {strange}")
        wide = [name for name, cell in self.made.items() if text.width(cell) > _WIDTHS[name]]
        if wide:
            raise ValueError(f"wider than their columns: {wide}")
        return [self.made.get(header, "") for header, _ in codes.LAYOUT]

    def _kind(self) -> Kind | None:
        word = self.request.service or self.settings.default_service
        kind = codes.SERVICES.get(word)
        if kind is None:
            self.faults.add("service", "unknown_service", word)
        return kind

    def _service(self, kind: Kind) -> Cells:
        word, _, temperature = (self.request.service or self.settings.default_service).partition(":")
        slip = kind.cash_slip if self.request.cash_on_delivery_minor else kind.slip
        cells = {
            "送り状種類": self.settings.nekopos_code if word == "nekopos" else slip,
            "クール区分": codes.COOL[temperature],
        }
        if kind.takes_copies and slip == kind.slip and self.settings.copies > 1:
            cells["発行枚数"] = str(self.settings.copies)
        if kind.takes_wish and word != "compact":
            cells["個数口表示フラグ"] = self.settings.piece_mark
        return cells

    def _wish(self, kind: Kind) -> Cells:
        day, slot = self.request.deliver_on, self.request.time_slot
        if not kind.takes_wish:
            if day:
                self.faults.add("deliver_on", "takes_no_wish", f"{day:%Y/%m/%d}")
            if slot:
                self.faults.add("time_slot", "takes_no_wish", slot)
            return {}
        if day and day < self.ship_on:
            self.faults.add("deliver_on", "day_is_past", f"{day:%Y/%m/%d}")
        if slot and slot not in codes.SLOTS:
            self.faults.add("time_slot", "no_such_slot", slot)
        soonest = "最短日" if self.settings.earliest_day else ""
        return {
            "お届け予定日": f"{day:%Y/%m/%d}" if day else soonest,
            "配達時間帯": slot if slot in codes.SLOTS else "",
        }

    def _cash(self, kind: Kind) -> Cells:
        amount, tax = self.request.cash_on_delivery_minor, self.request.cash_on_delivery_tax_minor
        if not amount:
            return {}
        if self.request.currency != "JPY" or not 0 <= tax <= amount:
            self.faults.add("cash", "bad_cash", f"{amount} {self.request.currency} ({tax})")
        elif not kind.cash_slip:
            self.faults.add("service", "no_cash", f"{amount:,}")
        elif amount > kind.most_cash:
            self.faults.add("cash", "too_much_cash", f"{amount:,} / {kind.most_cash:,}")
        else:
            return {"ｺﾚｸﾄ代金引換額（税込)": str(amount), "内消費税額等": str(tax)}
        return {}

    def _recipient(self) -> Cells:
        to = self.request.ship_to
        if to.country.upper() not in ("", "JP"):
            self.faults.add("country", "not_here", to.country)
        company, name, honorific = to.company, to.name, self.settings.honorific
        if company and not name:
            company, name, honorific = "", company, "御中"
        return {
            "お届け先電話番号": phone(to.phone, self.faults),
            "お届け先郵便番号": postal_code(to.postal_code, self.faults),
            "お届け先住所": place(to, self.faults),
            "お届け先アパートマンション名": self.faults.printed("line2", to.line2, 32),
            "お届け先会社・部門１": self.faults.printed("company", company, 50),
            "お届け先名": self.faults.printed("name", name, 32, is_needed=True),
            "敬称": honorific,
        }


def _sender(request: LabelRequest, settings: YamatoSettings, faults: _Faults) -> Cells:
    """ご依頼主: the warehouse's own address, with the settings' where it says nothing."""
    told, kept = request.ship_from, settings.sender
    base = told if told.line1 else kept
    return {
        "ご依頼主電話番号": phone(base.phone or kept.phone, faults),
        "ご依頼主郵便番号": postal_code(base.postal_code, faults),
        "ご依頼主住所": place(base, faults),
        "ご依頼主アパートマンション名": faults.printed("line2", base.line2, 32),
        "ご依頼主名": faults.printed(
            "name", base.name or base.company or kept.name or kept.company, 32, is_needed=True
        ),
    }


def _shop(settings: YamatoSettings, faults: _Faults) -> Cells:
    """What every slip says, and who pays for it."""
    for name, value in (("customer_code", settings.customer_code), ("fare_number", settings.fare_number)):
        if not value:
            faults.add(name, "missing")
    if len(settings.handling) > 2:
        faults.add("handling", "too_long", f"{len(settings.handling)} / 2")
    marks = [faults.printed("handling", mark, 20) for mark in settings.handling[:2]] + ["", ""]
    return {
        "品名１": faults.printed("contents", settings.contents, 50, is_needed=True),
        "荷扱い１": marks[0],
        "荷扱い２": marks[1],
        "記事": faults.printed("remark", settings.remark, 44),
        "請求先顧客コード": settings.customer_code,
        "請求先分類コード": settings.classification_code,
        "運賃管理番号": settings.fare_number,
    }


def _shop_faults(requests: Sequence[LabelRequest], settings: YamatoSettings) -> list[SlipFault]:
    """Faults of the settings and of the warehouses' addresses, each once."""
    faults = _Faults("")
    _shop(settings, faults)
    senders = _Faults("")
    for origin in {request.ship_from: request for request in requests}.values():
        _sender(origin, settings, senders)
    named = [
        SlipFault(
            reference="", field=f"sender.{one.field}", reason=one.reason, detail=one.detail, character=one.character,
            offered=one.offered,
        )
        for one in senders.found
    ]  # fmt: skip
    return list(dict.fromkeys([*faults.found, *named]))


def phone(raw: str, faults: _Faults) -> str:
    """10 or 11 digits in the groups that were given: +81 90 1234 5678 is 090-1234-5678."""
    plain = re.sub(r"^\+81[- ]?\(?0?\)?", "0", text.half(raw))
    kept = re.sub(r"[^0-9-]", "", re.sub(r"[-() .]+", "-", plain)).strip("-")
    digits = kept.replace("-", "")
    if not raw.strip():
        faults.add("phone", "missing")
    elif not re.fullmatch(r"0\d{9,10}", digits):
        faults.add("phone", "bad_phone", raw[:30])
    return kept if len(kept) <= 15 else digits


def postal_code(raw: str, faults: _Faults) -> str:
    """NNN-NNNN of seven digits, however they were written."""
    digits = re.sub(r"[-〒\s]", "", text.half(raw))
    if not raw.strip():
        faults.add("postal_code", "missing")
    elif not re.fullmatch(r"[0-9]{7}", digits):
        faults.add("postal_code", "bad_postal_code", raw[:16])
    return f"{digits[:3]}-{digits[3:]}"


def place(to: Address, faults: _Faults) -> str:
    """Prefecture, city, town and number in one, each within its own part of the column."""
    region = prefecture(to.region)
    city, town = text.folded(to.city), text.folded(to.line1)
    if not region:
        begins = next((one for one in codes.PREFECTURES if (city or town).startswith(one)), "")
        region = begins
        if not begins:
            faults.add("region", "no_prefecture", to.region)
    city = city.removeprefix(region)
    town = town.removeprefix(region) if not city else town
    city = faults.printed("city", city, codes.CITY_BYTES)
    most = codes.TOWN_BYTES if city else codes.CITY_BYTES + codes.TOWN_BYTES
    return region + city + faults.printed("line1", town, most, is_needed=True)


def prefecture(raw: str) -> str:
    """大阪府 of 大阪府, 大阪, Osaka, Ōsaka-fu or JP-27; empty for anything else."""
    plain = text.folded(raw)
    for name in codes.PREFECTURES:
        if plain in (name, name[:-1]):
            return name
    code = re.fullmatch(r"JP-?(\d\d)", plain.upper())
    if code and 1 <= int(code[1]) <= len(codes.PREFECTURES):
        return codes.PREFECTURES[int(code[1]) - 1]
    bare = "".join(one for one in unicodedata.normalize("NFKD", plain.casefold()) if not unicodedata.combining(one))
    latin = re.sub(r"[-\s](to|do|fu|ken|prefecture)$", "", bare)
    return codes.PREFECTURES[codes.LATIN.index(latin)] if latin in codes.LATIN else ""
