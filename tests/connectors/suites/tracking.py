"""What every connector with the ability `tracking` does. Subclass it and fill in the fixtures."""

import pytest

from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import Inbound, Tracker
from apps.hub.registry import manifest

STATUSES = {"accepted", "in_transit", "attempted", "delivered", "returned", "lost", c.UNKNOWN}


class TrackingSuite:
    """Fixtures to give: `connector`, `label` (a `Label` whose parcel has taken two steps or more), `unknown_word`
    (`(topic, raw)` of a notice whose status no table knows). Attributes: `slug`; `has_track` (False where the vendor tells
    steps by notices only: then `track` answers none).
    """

    slug = ""
    has_track = True

    def test_it_is_what_its_manifest_says(self, connector):
        assert isinstance(connector, Tracker)
        assert isinstance(connector, Inbound)
        assert "tracking" in manifest(self.slug).abilities

    def test_steps_come_oldest_first_in_our_words(self, connector, label):
        steps = connector.track(label)
        assert bool(steps) is self.has_track
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert {step.status for step in steps} <= STATUSES
        assert {step.tracking_number for step in steps} <= {label.tracking_number}
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
