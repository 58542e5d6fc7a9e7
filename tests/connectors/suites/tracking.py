"""What every connector with the ability `tracking` does, and what its signed notices must bear. Subclass it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import Inbound, Tracker
from apps.hub.registry import manifest, webhook

STATUSES = {"accepted", "in_transit", "attempted", "delivered", "returned", "lost", c.UNKNOWN}


@dataclass(frozen=True)
class Signed:
    """A notice as the vendor sends it."""

    headers: dict[str, str]
    body: bytes


class TrackingSuite:
    """Fixtures to give: `connector`, `label` (a `Label` whose parcel has taken at least one step), `unknown_word`
    (`(topic, raw)` of a notice whose status no table knows). Attribute: `slug`.
    """

    slug = ""

    def test_it_is_what_its_manifest_says(self, connector):
        assert isinstance(connector, Tracker)
        assert isinstance(connector, Inbound)
        assert "tracking" in manifest(self.slug).abilities

    def test_steps_come_oldest_first_in_our_words(self, connector, label):
        steps = connector.track(label)
        assert steps
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert {step.status for step in steps} <= STATUSES
        assert {step.tracking_number for step in steps} == {label.tracking_number}
        assert all(step.at.tzinfo is not None and step.raw_status for step in steps)

    def test_a_parcel_that_is_not_known_has_no_steps(self, connector, label):
        stranger = c.Label(
            reference="x", label_id="", tracking_number="X000000000", carrier=label.carrier, service="", cost_minor=0,
            currency="",
        )  # fmt: skip
        assert list(connector.track(stranger)) == []

    def test_an_unknown_word_survives(self, connector, unknown_word):
        steps = connector.read(*unknown_word)
        assert [step.status for step in steps] == [c.UNKNOWN]
        assert steps[0].raw_status

    def test_an_unknown_topic_is_kept_for_a_person(self, connector):
        with pytest.raises(errors.Unreadable):
            connector.read("no.such.topic", b"{}")


class SignedNoticeSuite:
    """For connectors whose vendor signs: fixtures `notice`, `settings_struct` (the connection's settings), and
    `other_settings` (the same with another key). Attribute: `slug`; `window`: the seconds that the vendor allows.
    """

    slug = ""
    window = 300

    def _verify(self, notice: Signed, settings: Any, *, seconds: float = 0) -> None:
        webhook(self.slug).verify(notice.headers, notice.body, settings, now=clock.wall() + timedelta(seconds=seconds))

    def test_a_genuine_notice_is_believed(self, notice, settings_struct):
        self._verify(notice, settings_struct)

    def test_a_changed_body_is_refused(self, notice, settings_struct):
        for body in (notice.body + b" ", notice.body[:-1], notice.body.replace(b"D", b"d", 1), b""):
            with pytest.raises(errors.BadSignature):
                self._verify(Signed(notice.headers, body), settings_struct)

    def test_a_changed_or_missing_header_is_refused(self, notice, settings_struct):
        for name in notice.headers:
            for value in ("", "x", notice.headers[name] + "x", notice.headers[name][::-1]):
                with pytest.raises(errors.BadSignature):
                    self._verify(Signed(notice.headers | {name: value}, notice.body), settings_struct)
            left = {other: value for other, value in notice.headers.items() if other != name}
            with pytest.raises(errors.BadSignature):
                self._verify(Signed(left, notice.body), settings_struct)

    def test_another_key_is_refused(self, notice, other_settings):
        with pytest.raises(errors.BadSignature):
            self._verify(notice, other_settings)

    def test_a_notice_from_another_time_is_refused(self, notice, settings_struct):
        for seconds in (self.window + 2, -self.window - 2):
            with pytest.raises(errors.BadSignature):
                self._verify(notice, settings_struct, seconds=seconds)
        for seconds in (self.window - 5, -self.window + 5):
            self._verify(notice, settings_struct, seconds=seconds)

    def test_a_replay_has_the_same_id(self, notice):
        first, again = (webhook(self.slug).events(notice.headers, notice.body, received_at=clock.now()) for _ in "ab")
        assert [event.id for event in first] == [event.id for event in again]
        assert len({event.id for event in first}) == len(first)

    def test_what_cannot_be_read_is_said_to_be_so(self, notice):
        for body in (b"", b"<html>", b"[]", b"\xff\xfe", b'"text"'):
            with pytest.raises(errors.Unreadable):
                webhook(self.slug).events(notice.headers, body, received_at=clock.now())
