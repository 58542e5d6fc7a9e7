"""What every connector with the abilities `stock.read` and `stock.write` does. Subclass `CompareAndSetSuite` or
`AbsoluteSuite`, as its manifest says that the channel takes numbers, and fill in the fixtures.
"""

from dataclasses import replace
from itertools import count

import pytest

from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import Once, StockSink, StockSource, Writes
from apps.hub.registry import manifest

_keys = count(1)


class StockSuite:
    """Fixtures to give: `connector`; `shelf` (a callable: so many fresh listings, as the `StockQuantity` each shows
    now); `shows` (a callable: what the channel's own ledger says a listing shows); `buy` (a callable: somebody buys so
    many units of a listing at the channel); `misbehave`. Attribute: `slug`.
    """

    slug = ""
    writes: Writes

    def key(self) -> str:
        return f"suite-{next(_keys)}"

    def wanted(self, shelf, count: int, quantity: int = 40) -> list[c.StockQuantity]:
        """The channel shall show `quantity` of fresh listings instead of what it shows."""
        return [replace(one, quantity=quantity, expected=one.quantity) for one in shelf(count)]

    def set_to(self, wanted):
        return [c.StockOutcome(external_id=one.external_id, is_set=True, shown=one.quantity) for one in wanted]

    def test_it_is_what_its_manifest_says(self, connector):
        assert [isinstance(connector, one) for one in (StockSource, StockSink)] == [True, True]
        told = manifest(self.slug)
        assert {"stock.read", "stock.write"} <= set(told.abilities)
        assert (told.stock.writes, told.once["stock.set"] is Once.LAPSES) == (
            self.writes,
            self.writes is Writes.ABSOLUTE,
        )

    def test_it_reads_what_the_channel_shows(self, connector, shelf):
        fresh = shelf(3)
        shown = {one.external_id: one for page in connector.shown_stock() for one in page}
        assert [shown[one.external_id].quantity for one in fresh] == [one.quantity for one in fresh]

    def test_it_sets_what_it_is_told(self, connector, shelf, shows):
        wanted = self.wanted(shelf, 3)
        assert connector.set_stock(wanted, self.key()) == self.set_to(wanted)
        assert [shows(one.external_id) for one in wanted] == [40, 40, 40]

    def test_without_an_expectation_it_is_set_whatever_is_shown(self, connector, shelf, shows, buy):
        wanted = [replace(one, expected=None) for one in self.wanted(shelf, 1)]
        buy(wanted[0].external_id, 3)
        assert connector.set_stock(wanted, self.key()) == self.set_to(wanted)
        assert shows(wanted[0].external_id) == 40

    def test_a_listing_that_is_not_there_fails_alone(self, connector, shelf, shows):
        wanted = self.wanted(shelf, 2)
        missing = c.StockQuantity(external_id="999", quantity=1, expected=1)
        outcomes = connector.set_stock([wanted[0], missing, wanted[1]], self.key())
        assert [(one.external_id, one.is_set, one.is_stale, bool(one.error)) for one in outcomes] == [
            (wanted[0].external_id, True, False, False),
            ("999", False, False, True),
            (wanted[1].external_id, True, False, False),
        ]
        assert [shows(one.external_id) for one in wanted] == [40, 40]

    def test_a_push_that_is_put_off_sets_nothing(self, connector, shelf, shows, misbehave):
        wanted = self.wanted(shelf, 1)
        misbehave("limited")
        with pytest.raises(errors.RateLimited):
            connector.set_stock(wanted, self.key())
        assert shows(wanted[0].external_id) == wanted[0].expected


class CompareAndSetSuite(StockSuite):
    """A channel that sets a number only where it still shows what is expected, once a key."""

    writes = Writes.COMPARE_AND_SET

    def test_a_repeat_with_its_key_is_one_push(self, connector, shelf, shows, buy):
        wanted, key = self.wanted(shelf, 2), self.key()
        connector.set_stock(wanted, key)
        buy(wanted[0].external_id, 5)
        assert connector.set_stock(wanted, key) == self.set_to(wanted)
        assert [shows(one.external_id) for one in wanted] == [35, 40]

    def test_a_sale_in_between_is_not_overwritten(self, connector, shelf, shows, buy):
        wanted = self.wanted(shelf, 3)
        buy(wanted[1].external_id, 2)
        outcomes = connector.set_stock(wanted, self.key())
        left = wanted[1].expected - 2
        stale = c.StockOutcome(external_id=wanted[1].external_id, is_set=False, is_stale=True, shown=left)
        assert outcomes == [self.set_to(wanted)[0], stale, self.set_to(wanted)[2]]
        assert [shows(one.external_id) for one in wanted] == [40, left, 40]

    def test_a_repeat_of_a_partly_stale_push_says_the_same(self, connector, shelf, shows, buy):
        wanted, key = self.wanted(shelf, 3), self.key()
        buy(wanted[1].external_id, 2)
        first = connector.set_stock(wanted, key)
        assert connector.set_stock(wanted, key) == first
        assert [shows(one.external_id) for one in wanted] == [40, wanted[1].expected - 2, 40]

    @pytest.mark.parametrize("fault", ["failed", "html", "cut"])
    def test_a_doubtful_answer_is_settled_by_the_same_key(self, connector, shelf, shows, misbehave, fault):
        wanted, key = self.wanted(shelf, 2), self.key()
        misbehave(fault)
        with pytest.raises(errors.Transient) as caught:
            connector.set_stock(wanted, key)
        assert caught.value.sent
        assert connector.set_stock(wanted, key) == self.set_to(wanted)
        assert [shows(one.external_id) for one in wanted] == [40, 40]


class AbsoluteSuite(StockSuite):
    """A channel that shows whatever it is told: what is in doubt is never sent again, and is said to be.

    Attribute: `looks_first`, how many calls a push makes before the first that sets a number.
    """

    writes = Writes.ABSOLUTE
    looks_first = 0

    def test_a_sale_in_between_is_overwritten(self, connector, shelf, shows, buy):
        wanted = self.wanted(shelf, 2)
        buy(wanted[1].external_id, 2)
        assert connector.set_stock(wanted, self.key()) == self.set_to(wanted)
        assert [shows(one.external_id) for one in wanted] == [40, 40]

    @pytest.mark.parametrize(("fault", "shown"), [("failed", None), ("html", None), ("cut", 40)])
    def test_a_first_call_in_doubt_says_so(self, connector, shelf, shows, misbehave, fault, shown):
        wanted = self.wanted(shelf, 1)
        for what in (*[""] * self.looks_first, fault):
            misbehave(what)
        with pytest.raises(errors.Transient) as caught:
            connector.set_stock(wanted, self.key())
        assert caught.value.sent
        assert shows(wanted[0].external_id) == (wanted[0].expected if shown is None else shown)

    @pytest.mark.parametrize("fault", ["failed", "html", "cut"])
    def test_a_look_that_fails_has_told_nothing(self, connector, shelf, shows, misbehave, fault):
        for turn in range(self.looks_first):
            wanted = self.wanted(shelf, 1)
            for what in (*[""] * turn, fault):
                misbehave(what)
            with pytest.raises(errors.Transient) as caught:
                connector.set_stock(wanted, self.key())
            assert not caught.value.sent
            assert shows(wanted[0].external_id) == wanted[0].expected

    def test_every_quantity_has_a_fate_when_a_later_call_fails(self, connector, shelf, shows, misbehave):
        many = manifest(self.slug).stock.many
        wanted = self.wanted(shelf, min(many, 3))
        for what in (*[""] * self.looks_first, "", "cut"):  # the first call goes well
            misbehave(what)
        outcomes = connector.set_stock(wanted, self.key())
        fates = [(one.is_set, one.is_unknown, one.is_put_off) for one in outcomes]
        assert len(fates) == len(wanted)
        if fates == [(True, False, False)] * len(wanted):
            return  # one call carried everything
        first_doubtful = fates.index((False, True, False))
        assert fates[:first_doubtful] == [(True, False, False)] * first_doubtful
        assert set(fates[first_doubtful:]) <= {(False, True, False), (False, False, True)}
