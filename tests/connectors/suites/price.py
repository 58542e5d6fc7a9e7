"""What every connector with the ability `price.write` does. Subclass it and fill in the fixtures."""

from dataclasses import replace
from decimal import Decimal

import pytest

from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import Once, PriceSink
from apps.hub.registry import manifest


class PriceSuite:
    """Fixtures to give: `connector`; `tags` (a callable: so many fresh listings, as `PriceTag`s of what each costs now);
    `costs` (a callable: what the channel's own ledger says a listing costs); `misbehave`. Attribute: `slug`.
    """

    slug = ""

    def set_to(self, tags):
        return [c.PriceOutcome(external_id=one.external_id, is_set=True) for one in tags]

    def wanted(self, tags, count, amount="1480"):
        return [replace(one, amount=Decimal(amount)) for one in tags(count)]

    def test_it_is_what_its_manifest_says(self, connector):
        assert isinstance(connector, PriceSink)
        assert "price.write" in manifest(self.slug).abilities
        assert manifest(self.slug).once["price.set"] is Once.NATURAL_KEY

    def test_it_sets_what_it_is_told_and_a_repeat_is_harmless(self, connector, tags, costs):
        wanted = self.wanted(tags, 3)
        assert [connector.set_prices(wanted, "p-1") for _ in range(2)] == [self.set_to(wanted)] * 2
        assert [costs(one.external_id) for one in wanted] == [1480, 1480, 1480]

    def test_the_catalogue_tells_the_new_price(self, connector, tags):
        (wanted,) = self.wanted(tags, 1, "1990")
        connector.set_prices([wanted], "p-2")
        cards = {card.external_id: card.price for page in connector.variants() for card in page}
        assert cards[wanted.external_id] == 1990

    def test_a_listing_that_is_not_there_fails_alone(self, connector, tags, costs):
        one, other = self.wanted(tags, 2)
        missing = replace(one, external_id="999999", product_external_id="999999")
        outcomes = connector.set_prices([one, missing, other], "p-3")
        assert [(out.external_id, out.is_set, bool(out.error)) for out in outcomes] == [
            (one.external_id, True, False), ("999999", False, True), (other.external_id, True, False),
        ]  # fmt: skip
        assert (costs(one.external_id), costs(other.external_id)) == (1480, 1480)

    def test_a_push_that_is_put_off_sets_nothing(self, connector, tags, costs, misbehave):
        (before,) = tags(1)
        misbehave("limited")
        with pytest.raises(errors.RateLimited):
            connector.set_prices([replace(before, amount=Decimal(5))], "p-4")
        assert costs(before.external_id) == before.amount
