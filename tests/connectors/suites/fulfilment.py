"""What every connector with the ability `fulfilment` does. Subclass it and fill in the fixtures."""

from dataclasses import replace

import pytest

from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import FulfilmentSink, Once
from apps.hub.registry import manifest


class FulfilmentSuite:
    """Fixtures to give: `connector`; `packed` (a callable: somebody has bought three units of one article and one of
    another; the `Fulfilment` that tells all of it); `misbehave`. Attribute: `slug`. `told` (a callable: the units by SKU of
    every fulfilment that the channel's own ledger holds for an order's number) asks the stand-in.
    """

    slug = ""

    @pytest.fixture
    def told(self, stand):
        def fulfilments(number):
            return [one["units"] for one in stand.told(f"{self.slug}/told")["fulfilments"] if one["order"] == number]

        return fulfilments

    def part(self, packed: c.Fulfilment, *quantities: int, tracking_number: str = "") -> c.Fulfilment:
        lines = tuple(
            replace(line, quantity=count) for line, count in zip(packed.lines, quantities, strict=False) if count
        )
        return replace(packed, lines=lines, tracking_number=tracking_number or packed.tracking_number)

    def units(self, packed: c.Fulfilment) -> dict[str, int]:
        return {line.sku: line.quantity for line in packed.lines}

    def test_it_is_what_its_manifest_says(self, connector):
        assert isinstance(connector, FulfilmentSink)
        assert "fulfilment" in manifest(self.slug).abilities
        assert manifest(self.slug).once["fulfilment.create"] in Once

    def test_a_parcel_is_told_once(self, connector, packed, told):
        parcel = packed()
        receipt = connector.create_fulfilment(parcel, "key-1")
        assert (receipt.reference, bool(receipt.external_id)) == (parcel.reference, True)
        assert told(parcel.order_number) == [self.units(parcel)]

    def test_telling_it_again_is_one_parcel(self, connector, packed, told):
        parcel = self.part(packed(), 1)
        first = connector.create_fulfilment(parcel, "key-2")
        assert connector.create_fulfilment(parcel, "key-2") == first
        assert told(parcel.order_number) == [self.units(parcel)]

    def test_it_is_found_after_it_was_told_and_not_before(self, connector, packed):
        parcel = packed()
        assert connector.find_fulfilment(parcel) is None
        receipt = connector.create_fulfilment(parcel, "key-3")
        assert connector.find_fulfilment(parcel) == receipt

    def test_an_order_may_leave_in_two_parcels(self, connector, packed, told):
        parcel = packed()
        one = self.part(parcel, 2, 0, tracking_number=parcel.tracking_number + "-a")
        two = self.part(parcel, 1, 1, tracking_number=parcel.tracking_number + "-b")
        receipts = [connector.create_fulfilment(each, "key-4") for each in (one, two)]
        assert told(parcel.order_number) == [self.units(one), self.units(two)]
        assert len({receipt.external_id for receipt in receipts}) == 2

    def test_more_than_was_bought_is_refused_and_nothing_told(self, connector, packed, told):
        parcel = self.part(packed(), 4, 1)
        with pytest.raises(errors.Permanent) as caught:
            connector.create_fulfilment(parcel, "key-5")
        assert parcel.order_number in str(caught.value)
        assert told(parcel.order_number) == []

    def test_an_order_that_the_channel_does_not_know_is_refused(self, connector, packed):
        stray = replace(packed(), order_external_id="1")
        assert connector.find_fulfilment(stray) is None
        with pytest.raises(errors.Permanent):
            connector.create_fulfilment(stray, "key-6")

    @pytest.mark.parametrize("fault", ["limited", "failed", "html", "cut"])
    def test_whatever_went_wrong_a_repeat_tells_it_once(self, connector, packed, told, misbehave, fault):
        parcel = packed()
        misbehave(fault)
        with pytest.raises(errors.Transient) as caught:
            connector.create_fulfilment(parcel, "key-7")
        assert caught.value.sent is (fault != "limited")
        connector.create_fulfilment(parcel, "key-7")
        assert told(parcel.order_number) == [self.units(parcel)]
