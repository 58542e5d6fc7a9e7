"""Japanese and English whole: every string has its translation, and no template says a word that cannot be translated."""

import re
from pathlib import Path

import polib
import pytest
from django.utils import translation

from tools import strings

pytestmark = pytest.mark.django_db  # the record room's labels are asked for as a person sees them
_PLACE = re.compile(r"%\((\w+)\)[sd]|%([sdn%])|\{(\w*)\}")


@pytest.fixture(scope="module")
def catalogue() -> dict[strings.Key, polib.POEntry]:
    """The Japanese catalogue, by context, singular and plural."""
    return {
        (entry.msgctxt or "", entry.msgid, entry.msgid_plural or ""): entry
        for entry in polib.pofile(str(strings.CATALOGUE))
    }


def _japanese(entry: polib.POEntry) -> str:
    return entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr


def test_every_string_has_japanese(catalogue):
    missing = {
        key: places[0]
        for key, places in strings.everything().items()
        if key not in catalogue or not _japanese(catalogue[key]) or catalogue[key].fuzzy
    }

    assert missing == {}, "run: .venv/bin/python tools/strings.py, then translate what it lists"


def test_the_catalogue_holds_nothing_that_is_gone(catalogue):
    known = strings.everything()

    assert [key for key, entry in catalogue.items() if key not in known and "extra" not in entry.comment] == []


def test_translations_keep_the_places_where_figures_go(catalogue):
    wrong = [
        entry.msgid
        for entry in catalogue.values()
        if set(_PLACE.findall(_japanese(entry))) - {("", "%", "")} != set(_PLACE.findall(entry.msgid)) - {("", "%", "")}
        and set(_PLACE.findall(_japanese(entry))) != set(_PLACE.findall(entry.msgid_plural))
    ]

    assert wrong == []


def test_translations_keep_links_and_emphasis(catalogue):
    tag = re.compile(r"</?\w+")

    wrong = [e.msgid for e in catalogue.values() if sorted(tag.findall(e.msgid)) != sorted(tag.findall(_japanese(e)))]

    assert wrong == []


def test_japanese_is_written_as_the_house_writes_it(catalogue):
    """No exclamation marks, no blame, no English jargon, no 「正常に」 and no 「することができます」 (screens' README §5)."""
    odd = re.compile(r"[!！]|正常に|することができます|Webhook|ペイロード|リトライ|OK")

    assert [entry.msgid for entry in catalogue.values() if odd.search(_japanese(entry))] == []


@pytest.mark.parametrize("path", strings.templates(), ids=lambda path: str(path.relative_to(strings.ROOT)))
def test_a_template_says_nothing_outside_its_tags(path: Path):
    assert strings.bare_text(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<input placeholder="Name">', ["Name"]),
        ("<p>{% translate 'Hello' %}</p>", []),
        ("{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}", []),
        ('<b translate="no">Kurogo</b>', []),
        ("<kbd>Ctrl</kbd>", []),
        ("{# Hello #}{% comment %}Hello{% endcomment %}", []),
        ('<a aria-label="{{ words }}">×</a>', []),
    ],
)
def test_the_finder_of_bare_text_finds_it(source: str, words: list[str]):
    assert strings.bare_text(source) == words


def test_the_finder_follows_imports_under_other_names(tmp_path: Path):
    (tmp_path / "apps").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "apps" / "a.py").write_text(
        "from django.utils.translation import gettext_lazy as words, ngettext\n"
        "say = words\nsay('one')\nngettext('%d day', '%d days', 2)\nprint('no')\n"
    )

    assert list(strings.in_python(tmp_path)) == [("", "one", ""), ("", "%d day", "%d days")]


def test_the_catalogue_is_compiled_into_what_people_read():
    with translation.override("ja"):
        assert translation.gettext("Sign in") == "サインイン"
    with translation.override("en"):
        assert translation.gettext("Sign in") == "Sign in"
