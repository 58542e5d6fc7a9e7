"""What every webhook module does. Subclass it and fill in the fixtures."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.hub.errors import BadSignature
from apps.hub.registry import manifest, webhook


class WebhookSuite:
    """Fixtures to give: `keys` (settings with the live secret); `rotated` (settings in which `keys`' secret is the old
    one beside a new one); `strangers` (settings with another secret); `sign` (a callable: the lower-case headers with
    which the vendor sends a body, `event` telling one event from another where the id is in a header); `body` (a
    genuine body); `other_body` (where the id is in the body: the body of another event; else leave it out); `header`
    (the name of the signature's header); `secret`. Attributes: `slug`; `has_ids` (False where a notice has no id at all:
    then the same body is the same notice); `signs_body` (False where the vendor only shows a secret of ours: whatever the
    body says is then a hint and nothing more, and a change of it is not noticed); `window_seconds` (how far the signed time
    may lie from now; None where the vendor signs no time: then an old notice is believed, and a replay is known by its id).
    """

    slug = ""
    has_ids = True
    signs_body = True
    window_seconds: int | None = 300

    @pytest.fixture
    def other_body(self, body):
        return body

    def module(self):
        return webhook(self.slug)

    def verify(self, headers, body, settings) -> None:
        self.module().verify(headers, body, settings, now=clock.wall())

    def test_it_is_what_its_manifest_says(self):
        assert manifest(self.slug).webhook == self.module().__name__

    def test_a_genuine_notice_passes(self, sign, body, keys, rotated):
        headers = sign(body)
        self.verify(headers, body, keys)
        self.verify(headers, body, rotated)

    def test_a_notice_of_another_time_is_refused(self, sign, body, keys):
        now = clock.wall()
        headers = sign(body)
        for seconds in (86_400, -86_400) if self.window_seconds is None else ():
            self.module().verify(headers, body, keys, now=now + timedelta(seconds=seconds))
        for seconds in () if self.window_seconds is None else (self.window_seconds + 1, -self.window_seconds - 1):
            with pytest.raises(BadSignature):
                self.module().verify(headers, body, keys, now=now + timedelta(seconds=seconds))

    def test_a_changed_body_is_refused(self, sign, body, keys):
        half = len(body) // 2
        flipped = body[:half] + bytes([body[half] ^ 1]) + body[half + 1 :]
        for changed in (body + b" ", body[:-1], flipped, b""):
            if not self.signs_body:
                self.verify(sign(body), changed, keys)
                continue
            with pytest.raises(BadSignature):
                self.verify(sign(body), changed, keys)

    def test_a_missing_or_broken_signature_is_refused(self, sign, body, keys, header):
        genuine = sign(body)
        for said in ("", "0", "*", "ü", genuine[header] + "A", genuine[header][:-4], genuine[header].swapcase()):
            with pytest.raises(BadSignature):
                self.verify(genuine | {header: said}, body, keys)
        with pytest.raises(BadSignature):
            self.verify({name: value for name, value in genuine.items() if name != header}, body, keys)

    def test_a_thousand_mutated_signatures_are_refused(self, sign, body, keys, header):
        genuine = sign(body)
        refused = 0
        for turn in range(1000):
            place = turn % len(genuine[header])
            letter = chr(ord("0") + (ord(genuine[header][place]) + 1 + turn) % 75)
            said = genuine[header][:place] + letter + genuine[header][place + 1 :]
            if said == genuine[header]:
                continue
            with pytest.raises(BadSignature):
                self.verify(genuine | {header: said}, body, keys)
            refused += 1
        assert refused > 900

    def test_another_secret_and_no_secret_are_refused(self, sign, body, strangers, keys):
        with pytest.raises(BadSignature):
            self.verify(sign(body), body, strangers)
        with pytest.raises(BadSignature):
            self.verify(sign(body), body, type(keys)())

    def test_a_refusal_does_not_tell_the_secret(self, sign, body, strangers, keys, secret):
        with pytest.raises(BadSignature) as caught:
            self.verify(sign(body), body + b" ", keys if self.signs_body else strangers)
        assert secret not in f"{caught.value!r} {caught.value}"

    def test_a_replay_is_the_same_event_and_another_event_is_not(self, sign, body, other_body):
        now = clock.wall()
        first = self.module().events(sign(body, event="1"), body, received_at=now)
        again = self.module().events(sign(body, event="1"), body, received_at=clock.wall())
        other = self.module().events(sign(other_body, event="2"), other_body, received_at=now)
        assert [event.id for event in again] == [event.id for event in first]
        assert {event.id for event in other}.isdisjoint(event.id for event in first) is self.has_ids

    def test_an_event_keeps_its_raw_body_and_knows_its_time(self, sign, body):
        (event,) = self.module().events(sign(body), body, received_at=clock.wall())
        assert (event.raw, event.at.tzinfo is not None, bool(event.topic)) == (body, True, True)
        assert 0 < len(event.id) <= 200
