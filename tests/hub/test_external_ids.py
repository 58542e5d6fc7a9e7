"""Their id and ours: one binding each, a rival loses."""

import pytest

from apps.core.ids import uuid7
from apps.hub import external_ids
from tests import builders

pytestmark = pytest.mark.django_db


def test_theirs_and_ours_find_each_other():
    shop, ours = builders.connection(), uuid7()

    external_ids.claim(shop.id, "order", {"x1": ours})

    assert external_ids.find(shop.id, "order", ["x1", "x2"]) == {"x1": ours}
    assert external_ids.find_theirs(shop.id, "order", [ours, uuid7()]) == {ours: "x1"}


def test_the_same_id_elsewhere_is_another_thing():
    shop, other = builders.connection(), builders.connection()
    external_ids.claim(shop.id, "order", {"x1": uuid7()})

    external_ids.claim(other.id, "order", {"x1": uuid7()})
    external_ids.claim(shop.id, "return", {"x1": uuid7()})

    assert len(external_ids.find(shop.id, "order", ["x1"])) == 1


def test_what_is_bound_cannot_be_bound_again():
    shop, first, second = builders.connection(), uuid7(), uuid7()
    assert external_ids.claim(shop.id, "order", {"x1": first}) == {"x1"}

    assert external_ids.claim(shop.id, "order", {"x2": second, "x1": uuid7()}) == {"x2"}

    assert external_ids.find(shop.id, "order", ["x1", "x2"]) == {"x1": first, "x2": second}


def test_nothing_wanted_is_nothing_bound():
    assert external_ids.claim(builders.connection().id, "order", {}) == set()
