"""What every connector with the ability `orders` does. Subclass it and fill in the fixtures."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import Inbound, OrderSource
from apps.hub.registry import manifest


class OrdersSuite:
    """Fixtures to give: `connector`; `sell` (a callable: somebody buys at the channel; its id of the order); `change`
    (a callable: the order of this id is changed at the channel, it may be called off); `strange` (topic and raw notice
    of an order whose payment word, "moon dust", is in no table). Attributes: `slug`, `version_seconds` (how finely the
    channel dates its changes).
    """

    slug = ""
    version_seconds = 1

    def window(self):
        now = clock.now()
        return now - timedelta(minutes=5), now + timedelta(minutes=5)

    def draft(self, connector, external_id: str) -> c.OrderDraft:
        event = connector.fetch_order(external_id)
        return connector.read(event.topic, event.raw)[0]

    def test_it_is_what_its_manifest_says(self, connector):
        assert [isinstance(connector, one) for one in (OrderSource, Inbound)] == [True, True]
        assert "orders" in manifest(self.slug).abilities

    def test_every_order_of_a_window_comes_once_and_oldest_change_first(self, connector, sell):
        sold = [sell() for _ in range(3)]
        events = [event for page in connector.changed_orders(*self.window()) for event in page]
        drafts = [connector.read(event.topic, event.raw)[0] for event in events]
        ids = [draft.external_id for draft in drafts]
        assert [ids.count(id) for id in sold] == [1, 1, 1]
        assert [draft.version for draft in drafts] == sorted(draft.version for draft in drafts)
        assert len({event.id for event in events}) == len(events)

    def test_another_window_shows_nothing_of_it(self, connector, sell):
        sell()
        since, until = (at - timedelta(days=30) for at in self.window())
        assert [event for page in connector.changed_orders(since, until) for event in page] == []

    def test_reading_again_says_the_same(self, connector, sell):
        id = sell()
        assert connector.fetch_order(id) == connector.fetch_order(id)
        assert self.draft(connector, id) == self.draft(connector, id)

    def test_an_order_is_found_by_its_id_or_not_at_all(self, connector, sell):
        id = sell()
        assert self.draft(connector, id).external_id == id
        assert connector.fetch_order("1") is None

    def test_lines_are_numbered_and_add_up(self, connector, sell):
        draft = self.draft(connector, sell())
        taxes = 0 if draft.prices_include_tax else sum(line.tax_minor or 0 for line in draft.lines)
        assert sum(line.total_minor for line in draft.lines) + taxes == draft.total_minor
        assert [line.number for line in draft.lines] == list(range(1, len(draft.lines) + 1))
        assert {line.kind for line in draft.lines} <= {"item", "shipping", "fee", "discount"}

    def test_a_change_raises_the_version_and_is_an_event_of_its_own(self, connector, sell, change):
        id = sell()
        before, draft = connector.fetch_order(id), self.draft(connector, id)
        change(id)
        after, changed = connector.fetch_order(id), self.draft(connector, id)
        assert changed.version - draft.version >= self.version_seconds * 1000
        assert after.id != before.id
        assert (after.subject, changed.number) == (before.subject, draft.number)

    def test_an_unknown_word_survives(self, connector, strange):
        draft = connector.read(*strange)[0]
        assert (draft.payment_method, draft.payment_raw) == (c.UNKNOWN, "moon dust")

    def test_an_unknown_topic_or_a_broken_body_is_unreadable(self, connector, strange):
        topic, raw = strange
        for wrong in (
            ("sun/risen", raw),
            (topic, b"{"),
            (topic, b"[]"),
            (topic, b"{}"),
            (topic, b"\xff"),
            (topic, b""),
        ):
            with pytest.raises(errors.Unreadable):
                connector.read(*wrong)
