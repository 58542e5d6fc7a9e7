"""Every reason that this connector gives has words."""

import re
from pathlib import Path

from apps.connectors import csv
from apps.hub import row_reasons


def test_every_reason_given_has_words_and_every_word_is_given():
    text = "".join(path.read_text() for path in Path(csv.__file__).parent.glob("*.py"))
    given = set(re.findall(r'(?:BadCell|refused)\(\s*"(\w+)"', text))
    given |= set(re.findall(r'return "(\w+)", f"two columns', text)) | set(re.findall(r'\("(\w+)", "[^"]*NUL', text))
    given |= {"truncated", "broken_quotes", "too_few_cells", "too_many_cells", "order_incomplete"}
    by_stories = {"does_not_add_up", "unknown_sku", "unknown_location", "unknown_parcel", "called_off", "has_left"}
    assert given == set(row_reasons.WORDS) - by_stories
