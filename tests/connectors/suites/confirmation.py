"""What every connector with the ability `confirmation` does. Subclass it and fill in the fixtures."""

import pytest

from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import Once, OrderConfirmer
from apps.hub.registry import manifest


class ConfirmationSuite:
    """Fixtures to give: `connector`; `placed` (a callable: somebody has bought, and the channel waits for the shop's
    word; the `Confirmation` that gives it); `confirmed` (a callable: how often the channel's own ledger has an order
    confirmed, by its id); `unready` (a callable: an order that the channel does not let be confirmed, as its
    `Confirmation`); `misbehave`. Attribute: `slug`.
    """

    slug = ""

    def outcomes(self, orders):
        return [c.ConfirmationOutcome(order_external_id=one.order_external_id, is_confirmed=True) for one in orders]

    def test_it_is_what_its_manifest_says(self, connector):
        assert isinstance(connector, OrderConfirmer)
        assert "confirmation" in manifest(self.slug).abilities
        assert manifest(self.slug).once["order.confirm"] in Once

    def test_orders_are_confirmed_together(self, connector, placed, confirmed):
        orders = [placed() for _ in range(3)]
        assert connector.confirm_orders(orders, "key-1") == self.outcomes(orders)
        assert [confirmed(one.order_external_id) for one in orders] == [1, 1, 1]

    def test_confirming_again_is_one_confirmation(self, connector, placed, confirmed):
        orders = [placed(), placed()]
        connector.confirm_orders(orders[:1], "key-2")
        assert connector.confirm_orders(orders, "key-3") == self.outcomes(orders)
        assert [confirmed(one.order_external_id) for one in orders] == [1, 1]

    def test_one_that_cannot_be_confirmed_fails_alone(self, connector, placed, unready, confirmed):
        good, bad = placed(), unready()
        stray = c.Confirmation(order_external_id="1", order_number="1")
        first, *others = connector.confirm_orders([good, bad, stray], "key-4")
        assert first == self.outcomes([good])[0]
        assert [(one.order_external_id, one.is_confirmed, bool(one.error)) for one in others] == [
            (bad.order_external_id, False, True),
            ("1", False, True),
        ]
        assert [confirmed(one.order_external_id) for one in (good, bad)] == [1, 0]

    @pytest.mark.parametrize("fault", ["limited", "failed", "html", "cut"])
    def test_whatever_went_wrong_a_repeat_confirms_once(self, connector, placed, confirmed, misbehave, fault):
        orders = [placed(), placed()]
        misbehave(fault)
        with pytest.raises(errors.Transient) as caught:
            connector.confirm_orders(orders, "key-5")
        assert caught.value.sent is (fault != "limited")
        assert connector.confirm_orders(orders, "key-5") == self.outcomes(orders)
        assert [confirmed(one.order_external_id) for one in orders] == [1, 1]
