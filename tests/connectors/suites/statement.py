"""What every connector with the ability `statement` does. Subclass it and fill in the fixtures."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import StatementSource
from apps.hub.registry import manifest

KINDS = {"charge", "refund", "fee", "dispute", "adjustment", "payout", c.UNKNOWN}


class StatementSuite:
    """Fixtures to give: `connector`; `misconfigured`; `paid_out` (the id of a payout that the vendor has just made, of
    so many lines that they fill more than one page); `misbehave` (a callable: the next call goes wrong so). Attribute:
    `slug`.
    """

    slug = ""

    def window(self):
        now = clock.now()
        return now - timedelta(hours=1), now + timedelta(hours=1)

    def lines(self, connector, payout_id: str) -> list[c.MoneyLine]:
        return [line for page in connector.money_lines(payout_id) for line in page]

    def payout(self, connector, payout_id: str) -> c.Payout:
        told = [one for page in connector.payouts_between(*self.window()) for one in page]
        (found,) = [one for one in told if one.provider_id == payout_id]
        return found

    def test_it_is_what_its_manifest_says(self, connector):
        assert isinstance(connector, StatementSource)
        assert "statement" in manifest(self.slug).abilities

    def test_lines_sum_to_their_payout(self, connector, paid_out):
        payout = self.payout(connector, paid_out)
        lines = self.lines(connector, paid_out)
        nets = sum(line.net_minor for line in lines if line.kind != "payout")
        assert (nets, {line.currency for line in lines}) == (payout.amount_minor, {payout.currency})

    def test_every_line_is_whole_and_comes_once(self, connector, paid_out):
        lines = self.lines(connector, paid_out)
        assert [line for line in lines if line.amount_minor - line.fee_minor != line.net_minor] == []
        assert len({line.provider_id for line in lines}) == len(lines) > 100
        assert {line.payout_id for line in lines} == {paid_out}
        assert {line.kind for line in lines} <= KINDS

    def test_money_taken_and_given_back_names_its_payment(self, connector, paid_out):
        lines = self.lines(connector, paid_out)
        named = {line.kind: set() for line in lines}
        for line in lines:
            named[line.kind].add(bool(line.payment_id))
        assert named["charge"] == {True} == named.get("refund", {True})
        assert [line for line in lines if bool(line.refund_id) != (line.kind == "refund")] == []

    def test_reading_again_says_the_same(self, connector, paid_out):
        assert self.lines(connector, paid_out) == self.lines(connector, paid_out)
        assert self.payout(connector, paid_out) == self.payout(connector, paid_out)

    def test_another_window_shows_nothing(self, connector, paid_out):
        since, until = (at - timedelta(days=30) for at in self.window())
        assert [one for page in connector.payouts_between(since, until) for one in page] == []

    def test_vendor_faults_are_told_by_kind(self, connector, misconfigured, paid_out, misbehave):
        for fault, kind in (("limited", errors.RateLimited), ("failed", errors.Transient), ("html", errors.Transient)):
            misbehave(fault)
            with pytest.raises(kind):
                self.lines(connector, paid_out)
        with pytest.raises(errors.Misconfigured):
            self.lines(misconfigured, paid_out)
