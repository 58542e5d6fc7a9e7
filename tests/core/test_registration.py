"""Registration numbers: valid ones of the tax agency's own rule, and each way in which one is mistyped."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from apps.core import registration


@pytest.mark.parametrize("number", ["T1180301018771", "T8700110005901", "T7000012050002"])
def test_a_true_number_is_taken(number: str) -> None:
    registration.check(number)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("T1180301018772", "check digit"),
        ("T118030101877", "12 digits"),
        ("T11803010187710", "14 digits"),
        ("1180301018771", "letter T"),
        ("T118030101877X", "letter T"),
        ("", "letter T"),
    ],
)
def test_a_wrong_one_is_told_what_is_wrong(number: str, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        registration.check(number)
    with translation.override("en"):
        assert words in refused.value.messages[0]


def test_what_people_type_is_tidied() -> None:
    assert registration.tidy(" Ｔ１１８０-３０１０-１８７７１ ") == "T1180301018771"
    assert registration.tidy("t1180301018771") == "T1180301018771"


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 11), st.integers(1, 8))
def test_one_mistyped_digit_is_found(body: str, place: int, by: int) -> None:
    """Of a digit that is wrong; a 0 for a 9 alone passes, because the rule counts by nines."""
    number = f"T{registration.check_digit(body)}{body}"
    registration.check(number)
    digit = int(body[place])
    other = (digit + by) % 10
    if other == digit or (digit - other) * (1 + (11 - place) % 2) % 9 == 0:
        return
    with pytest.raises(ValidationError):
        registration.check(f"T{registration.check_digit(body)}{body[:place]}{other}{body[place + 1 :]}")
