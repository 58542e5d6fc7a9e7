"""What every connector with the ability `label` does. Subclass it and fill in the fixtures."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import LabelSeller, Once
from apps.hub.registry import manifest

SHIP_FROM = c.Address(
    name="くろこ商店", postal_code="150-0002", country="JP", region="東京都", city="渋谷区", line1="渋谷2-1-1",
    phone="03-1234-5678",
)  # fmt: skip
SHIP_TO = c.Address(
    name="山田 花子", postal_code="530-0001", country="JP", region="大阪府", city="大阪市北区", line1="梅田3-1-3",
    line2="くろこビル 5F", phone="06-1234-5678",
)  # fmt: skip


def request_for(reference: str, **more: object) -> c.LabelRequest:
    """A parcel inside Japan."""
    said: dict[str, object] = {"ship_from": SHIP_FROM, "ship_to": SHIP_TO, "parcel": c.Parcel(weight_g=1200)}
    return c.LabelRequest(reference=reference, **(said | more))


class LabelSuite:
    """Fixtures to give: `connector`, `misconfigured` (the same with a wrong credential), `sold` (a callable: how many
    labels the vendor sold in all), `misbehave` (a callable taking limited, failed, html or cut: what the next call
    meets), `secret` (a credential that no log may show). Attributes: `slug`; `has_rates` (False where the vendor cannot
    be asked for prices: then `rates` answers none).
    """

    slug = ""
    has_rates = True

    def calls(self, connector, reference: str) -> list[Callable[[], object]]:
        """Each call that goes to the vendor."""
        asked = [lambda: connector.rates(request_for(reference))] if self.has_rates else []
        return [*asked, lambda: connector.find_label(request_for(reference)), *self.writes(connector, reference)]

    def writes(self, connector, reference: str) -> list[Callable[[], object]]:
        """Each call that takes effect there."""
        return [
            lambda: connector.buy_label(request_for(reference), f"key-{reference}"),
            lambda: connector.void_label(c.VoidLabel(reference=reference, label_id="se-1"), f"key-void-{reference}"),
        ]

    def test_it_is_what_its_manifest_says(self, connector):
        assert isinstance(connector, LabelSeller)
        assert "label" in manifest(self.slug).abilities
        assert {"label.buy", "label.void"} <= set(manifest(self.slug).once)

    def test_rates_are_sorted_and_can_be_bought(self, connector):
        rates = connector.rates(request_for("suite-0"))
        if not self.has_rates:
            assert list(rates) == []
            return
        assert [rate.amount_minor for rate in rates] == sorted(rate.amount_minor for rate in rates)
        bought = connector.buy_label(request_for("suite-0", service=rates[0].service), "key-0")
        assert (bought.service, bought.cost_minor, bought.currency) == (
            rates[0].service, rates[0].amount_minor, rates[0].currency,
        )  # fmt: skip

    def test_a_label_is_bought_once(self, connector, sold):
        before = sold()
        label = connector.buy_label(request_for("suite-1"), "key-1")
        assert (label.reference, label.status, sold() - before) == ("suite-1", "bought", 1)
        assert label.tracking_number
        assert label.label_id

    def test_a_label_is_found_by_its_reference(self, connector):
        label = connector.buy_label(request_for("suite-2"), "key-2")
        assert connector.find_label(request_for("suite-2")) == label
        assert connector.find_label(request_for("suite-2-other")) is None

    def test_an_answer_that_never_came_is_settled_by_asking(self, connector, misbehave, sold):
        before = sold()
        misbehave("cut")
        with pytest.raises(errors.Transient) as caught:
            connector.buy_label(request_for("suite-3"), "key-3")
        assert caught.value.sent
        found = connector.find_label(request_for("suite-3"))
        if manifest(self.slug).once["label.buy"] is Once.KEY:
            assert connector.buy_label(request_for("suite-3"), "key-3") == found
        assert (found.reference, sold() - before) == ("suite-3", 1)

    def test_a_voided_label_is_no_label_and_voiding_twice_is_voiding_once(self, connector):
        label = connector.buy_label(request_for("suite-4"), "key-4")
        wish = c.VoidLabel(reference="suite-4", label_id=label.label_id)
        assert [connector.void_label(wish, "key-5").status for _ in range(2)] == ["voided", "voided"]
        assert connector.find_label(request_for("suite-4")) is None

    def test_a_limit_is_honoured(self, connector, misbehave, sold):
        before = sold()
        misbehave("limited")
        with pytest.raises(errors.RateLimited) as caught:
            connector.buy_label(request_for("suite-5"), "key-6")
        assert (caught.value.retry_after, caught.value.sent, sold() - before) == (2.0, False, 0)

    @pytest.mark.parametrize("what", ["failed", "html"])
    def test_a_broken_vendor_is_transient(self, connector, misbehave, what):
        for call in self.calls(connector, "suite-6"):
            misbehave(what)
            with pytest.raises(errors.Transient):
                call()

    @pytest.mark.parametrize("what", ["failed", "html", "cut"])
    def test_a_write_that_was_answered_doubtfully_perhaps_took_effect(self, connector, misbehave, what):
        for call in self.writes(connector, f"suite-11-{what}"):
            misbehave(what)
            with pytest.raises(errors.Transient) as caught:
                call()
            assert (type(caught.value), caught.value.sent) == (errors.Transient, True)

    def test_a_wrong_credential_is_misconfigured(self, misconfigured):
        for call in self.calls(misconfigured, "suite-7"):
            with pytest.raises(errors.Misconfigured):
                call()

    def test_an_address_that_lacks_something_is_permanent(self, connector, sold):
        before = sold()
        with pytest.raises(errors.Permanent):
            connector.buy_label(request_for("suite-8", ship_to=replace(SHIP_TO, postal_code="")), "key-11")
        assert sold() == before

    def test_no_secret_reaches_a_log_or_an_error(self, connector, misconfigured, misbehave, secret, caplog):
        caplog.set_level(logging.DEBUG)
        connector.buy_label(request_for("suite-9"), "key-12")
        misbehave("failed")
        said = []
        for one in (connector, misconfigured):
            with pytest.raises(errors.VendorError) as caught:
                one.buy_label(request_for("suite-10"), "key-13")
            said.append(f"{caught.value!r} {caught.value}")
        assert secret not in caplog.text + "".join(said)
