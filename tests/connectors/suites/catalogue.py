"""What every connector with the ability `catalogue` does. Subclass it and fill in the fixtures."""

from apps.hub.abilities import ProductSource
from apps.hub.registry import manifest


class CatalogueSuite:
    """Fixtures to give: `connector`; `listed` (the SKUs that the channel lists, more than fit one of its pages).
    Attribute: `slug`.
    """

    slug = ""

    def cards(self, connector):
        return [card for page in connector.variants() for card in page]

    def test_it_is_what_its_manifest_says(self, connector):
        assert isinstance(connector, ProductSource)
        assert "catalogue" in manifest(self.slug).abilities

    def test_every_article_comes_once(self, connector, listed):
        cards = self.cards(connector)
        assert sorted(card.sku for card in cards) == sorted(listed)
        assert len({card.external_id for card in cards}) == len(cards)

    def test_every_article_has_a_name_and_a_price_in_a_currency(self, connector):
        assert [
            card for card in self.cards(connector) if not card.title or card.price is None or not card.currency
        ] == []

    def test_reading_again_says_the_same(self, connector):
        assert self.cards(connector) == self.cards(connector)
