"""No card number and no key in a line that is logged or in a vendor's words that are kept; other numbers stay readable."""

import json
import os
import random
import subprocess
import sys

import pytest
from django.conf import settings

from apps.core import scrub

PROGRAM = """
import django, logging, structlog
django.setup()
log = structlog.get_logger()
log.info("vendor.said", words="card 4242 4242 4242 4242 was refused", key={"k": "sk_live_canary123456"}, amount=4242424242424242)
try:
    raise ValueError("Bearer canary-token-123456 for 5555555555554444")
except ValueError:
    log.exception("vendor.fault")
    logging.getLogger("django.request").exception("whsec_canary123456 %s", "378282246310005")
"""


def _number(dice: random.Random) -> str:
    """A number that keeps Luhn's sum, as cards do, written in one of the usual ways."""
    digits = [dice.randrange(10) for _ in range(dice.choice([14, 15, 16, 19]) - 1)]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[::-1][::2]]
    digits.append(-(sum(doubled) + sum(digits[::-1][1::2])) % 10)
    text = "".join(map(str, digits))
    return dice.choice([text, " ".join(text[at : at + 4] for at in range(0, len(text), 4))])


def test_ten_thousand_card_numbers_are_masked():
    dice = random.Random(5)
    numbers = [_number(dice) for _ in range(10_000)]
    assert [one for one in numbers if scrub.cards(f"refused: {one}, sorry") != f"refused: {scrub.MASK}, sorry"] == []


@pytest.mark.parametrize(
    "text",
    [
        "4242 4242 4242 4241",
        "order 1234567890",
        "T-400012345678",
        "2026-11-24T12:00:00.123456",
        "¥1,234,567",
        "JAN 4901234567894",
    ],
)
def test_other_numbers_stay(text):
    assert scrub.clean(text) == text


@pytest.mark.parametrize(
    "key",
    [
        "sk_live_51Habc123",
        "whsec_c2VjcmV0LXNlY3JldA==",
        "shpat_0123456789abcdef",
        "xoxb-123456-abcdef",
        "Bearer eyJhbGciOi.x",
        "Atzr|IwEBIabc",
    ],
)
def test_keys_are_masked(key):
    assert scrub.clean(f"refused: {key}") == f"refused: {scrub.MASK}"


def _lines(form: str) -> str:
    env = os.environ | {"KUROGO_LOG": form}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    return done.stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_canary_is_in_what_a_program_writes(form):
    said = _lines(form)
    assert [one for one in ("4242 4242", "canary", "5555555555554444", "378282246310005") if one in said] == []
    assert (said.count("vendor.said"), said.count("ValueError")) == (1, said.count("Traceback") * 1)


def test_as_json_each_line_is_one_object():
    told = [json.loads(line) for line in _lines("json").splitlines()]
    assert [one["event"] for one in told] == ["vendor.said", "vendor.fault", f"{scrub.MASK} {scrub.MASK}"]
    assert {"timestamp", "level"} <= set(told[0])
