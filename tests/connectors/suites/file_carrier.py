"""What every connector with the ability `label.file` does. Subclass it and fill in the fixtures."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors, slip_reasons
from apps.hub.abilities import FileCarrier, Inbound
from apps.hub.registry import manifest
from tests.connectors.suites.label import SHIP_TO, request_for


class FileCarrierSuite:
    """Fixtures to give: `connector`; `misset` (the same, its settings empty); `program` (a callable: the carrier's own
    program reads a sheet; it gives back how many slips it numbered, what it refused, and its file of their numbers);
    `today` (the day of shipment as the program sees it). Attributes: `slug`; `most` (rows that the program takes).
    """

    slug = ""
    most = 0

    def issued(self, content: bytes, name: str = "numbers.csv") -> c.SourceFile:
        return c.SourceFile(name=name, kind="issued", content=content, at=clock.now())

    def test_it_is_what_its_manifest_says(self, connector):
        assert [isinstance(connector, one) for one in (FileCarrier, Inbound)] == [True] * 2
        assert "label.file" in manifest(self.slug).abilities
        assert len({one.word for one in connector.services()}) == len(connector.services()) > 0

    def test_what_is_in_a_sheet_is_taken_and_numbered_by_its_key(self, connector, program, today):
        keys = ["S00000001-1", "S00000002-1"]
        sheet = connector.sheet([request_for(key) for key in keys], ship_on=today)
        assert (sheet.references, sheet.faults, sheet.left) == (tuple(keys), (), ())
        slips, refused, file = program(sheet.content)
        read = connector.read_file(self.issued(file))
        assert (slips, refused, read.rows, read.set_aside) == (2, [], 2, ())
        assert [one.label.reference for one in read.things] == keys
        assert [(one.doubt, one.label.carrier, one.label.status) for one in read.things] == [
            ("", self.slug, "bought")
        ] * 2
        assert len({one.label.tracking_number for one in read.things}) == 2
        assert all(one.label.tracking_number in one.label.tracking_url for one in read.things)
        assert all(one.label.tracking_url.startswith("https://") for one in read.things)

    def test_every_service_is_one_that_the_program_takes(self, connector, program, today):
        words = [one.word for one in connector.services()]
        requests = [request_for(f"S1-{at}", service=word) for at, word in enumerate(words)]
        sheet = connector.sheet(requests, ship_on=today)
        assert (len(sheet.references), program(sheet.content)[:2]) == (len(words), (len(words), []))

    def test_every_slot_and_a_wished_day_are_taken(self, connector, program, today):
        day = today + timedelta(days=2)
        requests = [
            request_for(f"S2-{at}", time_slot=slot, deliver_on=day) for at, slot in enumerate(connector.slots())
        ]
        assert program(connector.sheet(requests, ship_on=today).content)[:2] == (len(requests), [])

    def test_cash_at_the_door_is_told(self, connector, program, today):
        request = request_for(
            "S3-1", cash_on_delivery_minor=4400, cash_on_delivery_tax_minor=400, currency="JPY", service=""
        )
        assert program(connector.sheet([request], ship_on=today).content)[:2] == (1, [])

    def test_the_same_parcels_are_the_same_bytes(self, connector, today):
        requests = [request_for("S4-1"), request_for("S4-2", time_slot=connector.slots()[0])]
        assert connector.sheet(requests, ship_on=today) == connector.sheet(requests, ship_on=today)

    @pytest.mark.parametrize(
        ("field", "raw", "reason"),
        [
            ("name", "", "missing"), ("name", "寿限無" * 20, "too_long"), ("line1", "", "missing"),
            ("line1", "梅田" * 40, "too_long"), ("line2", "棟" * 200, "too_long"), ("phone", "", "missing"),
            ("phone", "12-34", "bad_phone"), ("postal_code", "", "missing"), ("postal_code", "530", "bad_postal_code"),
            ("name", "김 花子", "character"), ("country", "US", "not_here"),
        ],
    )  # fmt: skip
    def test_a_parcel_that_does_not_fit_is_left_out_alone_and_its_field_is_named(
        self, connector, today, field, raw, reason
    ):
        bad = request_for("S5-1", ship_to=replace(SHIP_TO, **{field: raw}))
        sheet = connector.sheet([bad, request_for("S5-2")], ship_on=today)
        assert [(one.reference, one.field, one.reason) for one in sheet.faults] == [("S5-1", field, reason)]
        assert (sheet.references, sheet.content) == (
            ("S5-2",),
            connector.sheet([request_for("S5-2")], ship_on=today).content,
        )

    @pytest.mark.parametrize(
        ("field", "more", "reason"),
        [
            ("deliver_on", {"deliver_on": date(2001, 1, 1)}, "day_is_past"),
            ("time_slot", {"time_slot": "夜遅く"}, "no_such_slot"),
            ("service", {"service": "moon"}, "unknown_service"),
            ("cash", {"cash_on_delivery_minor": 10, "currency": "USD"}, "bad_cash"),
            (
                "cash",
                {"cash_on_delivery_minor": 10, "cash_on_delivery_tax_minor": 11, "currency": "JPY"},
                "bad_cash",
            ),
        ],
    )
    def test_a_wish_that_cannot_be_carried_is_named(self, connector, today, field, more, reason):
        sheet = connector.sheet([request_for("S6-1", **more)], ship_on=today)
        assert [(one.field, one.reason) for one in sheet.faults] == [(field, reason)]
        assert (sheet.references, sheet.content) == ((), b"")

    def test_every_reason_has_words(self, connector, today):
        bad = request_for("S7-1", ship_to=replace(SHIP_TO, name="김", phone="", postal_code="1", line1="町" * 99))
        faults = connector.sheet([bad], ship_on=today).faults
        assert len(faults) == 4
        assert [one.reason for one in faults if one.reason not in slip_reasons.WORDS] == []

    def test_without_settings_no_parcel_is_in_and_the_settings_are_named(self, misset, today):
        sheet = misset.sheet([request_for("S8-1")], ship_on=today)
        assert (sheet.references, sheet.content, bool(sheet.faults)) == ((), b"", True)
        assert {one.reference for one in sheet.faults} == {""}

    def test_what_the_program_does_not_take_at_a_time_is_left(self, connector, program, today):
        keys = [f"S9-{at}" for at in range(self.most + 3)]
        sheet = connector.sheet([request_for(key) for key in keys], ship_on=today)
        assert (sheet.references, sheet.left) == (tuple(keys[: self.most]), tuple(keys[self.most :]))
        assert program(sheet.content)[:2] == (self.most, [])

    def test_an_odd_number_is_kept_and_doubted_and_a_row_without_one_is_alone(self, connector, program, today):
        sheet = connector.sheet([request_for("S10-1"), request_for("S10-2"), request_for("S10-3")], ship_on=today)
        file = program(sheet.content)[2]
        good = [one.label.tracking_number for one in connector.read_file(self.issued(file)).things]
        file = file.replace(good[0].encode(), good[0][:-1].encode() + b"9").replace(good[1].encode(), b"")
        read = connector.read_file(self.issued(file))
        assert [(one.row, bool(one.doubt)) for one in read.things] == [(1, True), (3, False)]
        assert [one.doubt for one in read.things if one.doubt and one.doubt not in slip_reasons.WORDS] == []
        assert [(row.row, row.reason) for row in read.set_aside] == [(2, "missing_value")]

    def test_a_notice_reads_back_as_its_file_and_the_same_bytes_are_the_same_notice(self, connector):
        file = self.issued(b"a,b\r\n")
        event = connector.file_event(file)
        assert list(connector.read(event.topic, event.raw)) == [file]
        later = replace(file, name="other.csv", at=file.at + timedelta(hours=1))
        assert connector.file_event(later).id == event.id
        assert connector.file_event(replace(file, content=b"a,c\r\n")).id != event.id

    def test_reading_on_gives_the_rest(self, connector, program, today):
        keys = [f"S11-{at}" for at in range(4)]
        file = self.issued(program(connector.sheet([request_for(key) for key in keys], ship_on=today).content)[2])
        whole = connector.read_file(file)
        for place, start in enumerate(whole.starts):
            rest = connector.read_file(file, start_row=start)
            assert (rest.things, rest.rows) == (whole.things[place:], whole.rows)

    @pytest.mark.parametrize(
        "content", [b"", b"\xff\xfe\xfd", b"<html></html>", b"{}", b"\0" * 100, b"a,b,c,d\r\n1,2,3,4"]
    )
    def test_what_is_no_file_of_numbers_is_a_named_error(self, connector, content):
        with pytest.raises(errors.Unreadable) as caught:
            connector.read_file(self.issued(content))
        assert str(caught.value)

    def test_an_unknown_kind_is_a_named_error(self, connector):
        strange = replace(self.issued(b"x"), kind="poems")
        with pytest.raises(errors.Unreadable, match="poems"):
            connector.read_file(strange)
        event = connector.file_event(strange)
        with pytest.raises(errors.Unreadable, match="poems"):
            connector.read(event.topic, event.raw)
