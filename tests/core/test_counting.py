"""Bounded counts: exact up to the bound, "more" beyond it, many in one statement."""

import pytest

from apps.core import counting
from apps.core.models import Brand


@pytest.mark.django_db
def test_counts_stop_at_the_bound_and_cost_one_statement(django_assert_num_queries):
    Brand.objects.bulk_create(Brand(code=f"b{n}", name="B") for n in range(5))

    with django_assert_num_queries(1):
        found = counting.capped(
            {
                "all": Brand.objects.all(),
                "none": Brand.objects.filter(code="x"),
                "two": Brand.objects.filter(code__in=["b1", "b2"]),
            },
            most=3,
        )

    assert found == {"all": 4, "none": 0, "two": 2}


@pytest.mark.django_db
def test_nothing_to_count_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert counting.capped({}) == {}


@pytest.mark.parametrize(("count", "words"), [(0, "0"), (1000, "1,000"), (1001, "1,000+")])
def test_a_count_beyond_the_bound_says_so(count: int, words: str):
    assert counting.shown(count) == words
