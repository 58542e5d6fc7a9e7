"""The papers' commands run: each `make` and `manage.py` that a page tells a reader to type exists and takes these words."""

import re
import shlex

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from tests.house.sources import ROOT, committed

PAPERS = [path for path in committed() if path.endswith(".md") and not path.startswith("docs/decisions/")]
_FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.M | re.S)
_COMMAND = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*((?:\./)?manage\.py|make) ([^#\n]*)", re.M)


def _typed(text: str) -> list[list[str]]:
    """Every command in the fenced blocks of a page, in words. A word in brackets is for the reader to choose: left out."""
    return [
        [tool.removeprefix("./"), *shlex.split(re.sub(r"\[[^]]*\]|…|\\$", "", words))]
        for block in _FENCE.findall(text)
        for tool, words in _COMMAND.findall(block)
    ]


def _trouble(words: list[str]) -> str:
    """Why a command would not run; empty when it would."""
    tool, *rest = words
    if tool == "make":
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
        return ", ".join(word for word in rest if "=" not in word and word not in targets)
    if not rest:
        return ""
    name, *options = rest
    if name not in get_commands():
        return name
    try:
        load_command_class(get_commands()[name], name).create_parser("manage.py", name).parse_args(options)
    except (CommandError, SystemExit) as error:
        return f"{name}: {error}"
    return ""


@pytest.mark.parametrize("paper", PAPERS)
def test_a_papers_commands_exist(paper):
    troubles = [trouble for words in _typed((ROOT / paper).read_text()) if (trouble := _trouble(words))]

    assert troubles == []


def test_the_readme_names_the_two_commands():
    typed = _typed((ROOT / "README.md").read_text())

    assert [words for words in (["make", "demo"], ["make", "test"]) if words not in typed] == []


@pytest.mark.parametrize(
    ("page", "trouble"),
    [
        ("```\nmake tea\n```", "tea"), ("```sh\n./manage.py brew\n```", "brew"),
        ("```\nmake test T=tests/core  # one part\n```", ""), ("no fence: make tea", ""),
    ],
)  # fmt: skip
def test_a_command_that_is_not_there_would_be_seen(page, trouble):
    assert [_trouble(words) for words in _typed(page)] == ([trouble] if "```" in page else [])


def test_a_wrong_option_would_be_seen():
    assert _trouble(["manage.py", "verify", "--loud"]).startswith("verify: ")
