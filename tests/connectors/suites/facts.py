"""What every connector with the ability `facts` does. Subclass it and fill in the fixtures."""

from datetime import UTC, datetime

from apps.hub import contracts as c
from apps.hub.abilities import FactSink, Once
from apps.hub.registry import manifest


def fact(reference: str, **more: object) -> c.PublicFact:
    """Something that happened."""
    told = {
        "topic": "order.placed", "at": datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC), "kind": "order", "subject": "o-1",
        "sequence": 1, "detail": {"number": "K-1", "total_minor": 1200, "currency": "JPY"},
    } | more  # fmt: skip
    return c.PublicFact(reference=reference, **told)


class FactSuite:
    """Fixtures to give: `connector`, `taken` (a callable: the references that the program holds, in order). Attribute: `slug`."""

    slug = ""

    def test_it_is_what_its_manifest_says(self, connector):
        assert isinstance(connector, FactSink)
        assert manifest(self.slug).once["fact.tell"] in Once

    def test_a_fact_is_taken_under_its_reference(self, connector, taken):
        told = connector.tell(fact("fact-1"), "key-1")
        assert (told.reference, taken()) == ("fact-1", ["fact-1"])

    def test_a_repeat_has_the_same_identity(self, connector, taken):
        connector.tell(fact("fact-2"), "key-2")
        connector.tell(fact("fact-2"), "key-2")
        assert set(taken()) == {"fact-2"}
