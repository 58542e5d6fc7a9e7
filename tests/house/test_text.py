"""The repository speaks of itself alone: no path of the place where it was written, no leftover of an editor."""

import re

import pytest

from tests.house.sources import ROOT, committed

# Put together here, so that this file does not find itself.
WORKPLACE = re.compile(
    "|".join(
        (
            "/wo" + "rk/(main|shared)",
            "/tm" + "p/kuro" + "go",
            r"\.\./sha" + "red",
            "/ho" + "me/[a-z]+/",
            "NOTES" + r"\.md",
        )
    )
)
LEFTOVERS = re.compile(r"^(<{7} |>{7} |={7}$)", re.M)
# The one place that may know where vendors' papers and real orders lie: whoever runs the tests for everybody.
MAY_KNOW = {".ci/run"}
BINARY = (".png", ".jpg", ".ico", ".woff2", ".gz", ".mo", ".webp")


def _texts():
    for path in committed():
        if not path.endswith(BINARY) and path not in MAY_KNOW:
            yield path, (ROOT / path).read_text(errors="replace")


def test_no_text_names_the_place_where_it_was_written():
    assert {path: found[0] for path, text in _texts() if (found := _named(text))} == {}


def test_no_text_holds_a_conflict():
    assert [path for path, text in _texts() if LEFTOVERS.search(text)] == []


def _named(text: str) -> list[str]:
    return [found.group() for found in WORKPLACE.finditer(text)]


@pytest.mark.parametrize("text", ["see /wo" + "rk/main/apps", "cat ../sha" + "red/data", "/tm" + "p/kuro" + "go/x"])
def test_a_path_would_be_seen(text):
    assert len(_named(text)) == 1
