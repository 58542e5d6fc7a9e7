"""Finds the interface's strings and keeps locale/ja up to date, without the gettext programs.

`python tools/strings.py` adds what is new to the catalogue (untranslated, at its place), drops what is gone and says what
still has no Japanese. tests/staff/test_locale.py uses the same finders. Strings are found by reading Python's syntax tree
and Django's parsed templates, never by regular expressions over source.
"""

import ast
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "locale" / "ja" / "LC_MESSAGES" / "django.po"
# Which arguments of each function are strings: (singular, plural, context).
FUNCTIONS = {
    "gettext": (0, None, None), "gettext_lazy": (0, None, None), "gettext_noop": (0, None, None),
    "ngettext": (0, 1, None), "ngettext_lazy": (0, 1, None), "pgettext": (1, None, 0), "pgettext_lazy": (1, None, 0),
    "npgettext": (1, 2, 0), "npgettext_lazy": (1, 2, 0),
}  # fmt: skip
Key = tuple[str, str, str]  # context, singular, plural


def in_python(root: Path = ROOT) -> dict[Key, list[str]]:
    """Strings of apps/ and config/ with the places they stand at, `apps/x.py:12`."""
    found: dict[Key, list[str]] = defaultdict(list)
    for folder in ("apps", "config"):
        for path in sorted((root / folder).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for key, line in _calls(tree, _names(tree)):
                found[key].append(f"{path.relative_to(root)}:{line}")
    return found


def _names(tree: ast.Module) -> dict[str, str]:
    """Local name -> function of django.utils.translation, through imports `as` and plain assignments."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            names |= {alias.asname or alias.name: alias.name for alias in node.names if alias.name in FUNCTIONS}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in names:
            names |= {target.id: names[node.value.id] for target in node.targets if isinstance(target, ast.Name)}
    return names


def _calls(tree: ast.Module, names: dict[str, str]) -> Iterator[tuple[Key, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        function = names.get(called) or (
            called if isinstance(node.func, ast.Attribute) and called in FUNCTIONS else None
        )
        if function:
            words = [_text(node, at) for at in FUNCTIONS[function]]
            if words[0] is not None:
                yield (words[2] or "", words[0], words[1] or ""), node.lineno


def _text(call: ast.Call, at: int | None) -> str | None:
    if at is None or at >= len(call.args):
        return None
    argument = call.args[at]
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def in_templates(root: Path = ROOT) -> dict[Key, list[str]]:
    """Strings of templates/, by Django's own parser."""
    from django.template import engines  # noqa: PLC0415  (needs settings)

    found: dict[Key, list[str]] = defaultdict(list)
    for path in templates(root):
        parsed = engines["django"].engine.from_string(path.read_text(encoding="utf-8"))
        for node in _nodes(parsed.nodelist):
            for key in _of_node(node):
                found[key].append(str(path.relative_to(root)))
    return found


def templates(root: Path = ROOT) -> list[Path]:
    """Templates of the interface; a customer's letter is a file a language and needs no catalogue."""
    return [
        path
        for path in sorted((root / "templates").rglob("*.*"))
        if path.suffix in (".html", ".txt") and not _is_letter(path)
    ]


def _is_letter(path: Path) -> bool:
    return path.stem.endswith((".ja", ".en"))


def _nodes(nodelist: object) -> Iterator[object]:
    for node in nodelist:  # type: ignore[attr-defined]
        yield node
        for name in getattr(node, "child_nodelists", ()):
            yield from _nodes(getattr(node, name, None) or ())
        for _condition, inner in getattr(node, "conditions_nodelists", ()):
            yield from _nodes(inner)


def _of_node(node: object) -> Iterator[Key]:
    kind = type(node).__name__
    if kind == "TranslateNode":
        text = getattr(node.filter_expression.var, "literal", None)  # type: ignore[attr-defined]
        context = node.message_context.var if node.message_context else ""  # type: ignore[attr-defined]
        if text is not None:
            yield str(context), str(text), ""
    elif kind == "BlockTranslateNode":
        singular, _words = node.render_token_list(node.singular)  # type: ignore[attr-defined]
        plural = node.render_token_list(node.plural)[0] if node.plural else ""  # type: ignore[attr-defined]
        context = node.message_context.var if node.message_context else ""  # type: ignore[attr-defined]
        yield str(context), singular, plural


def in_labels() -> dict[Key, list[str]]:
    """Words that are made from names: fields and models that the record room shows without words of their own."""
    from django.contrib import admin  # noqa: PLC0415
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.test import RequestFactory  # noqa: PLC0415
    from django.utils import translation  # noqa: PLC0415

    found: dict[Key, list[str]] = defaultdict(list)
    request = RequestFactory().get("/admin/")
    request.user = User(is_superuser=True, is_active=True)
    with translation.override("en"):
        for room in admin.site._registry.values():
            tables = [inline(room.model, admin.site) for inline in room.inlines]
            for model, names in [(room.model, _shown(room, request)), *((t.model, t.fields or ()) for t in tables)]:
                if not model.__module__.startswith("apps."):
                    continue
                place = model._meta.label
                for words in (model._meta.verbose_name, model._meta.verbose_name_plural):
                    found["", str(words), ""].append(place)
                for words in _labels(model, names):
                    found["", words, ""].append(place)
    return found


def _shown(room: object, request: object) -> list[object]:
    from django.contrib.admin.utils import flatten_fieldsets  # noqa: PLC0415

    fields = flatten_fieldsets(room.get_fieldsets(request, room.model()))  # type: ignore[attr-defined]
    return [*room.list_display, *fields, *room.get_fields(request, room.model())]  # type: ignore[attr-defined]


def _labels(model: type, names: object) -> Iterator[str]:
    from django.core.exceptions import FieldDoesNotExist  # noqa: PLC0415

    for name in names:  # type: ignore[attr-defined]
        if callable(name):
            yield str(name.short_description)
            continue
        try:
            field = model._meta.get_field(name)  # type: ignore[attr-defined]
        except FieldDoesNotExist:
            continue
        if not field.auto_created:
            yield str(field.verbose_name)


def everything() -> dict[Key, list[str]]:
    """All strings with their places."""
    found: dict[Key, list[str]] = defaultdict(list)
    for part in (in_python(), in_templates(), in_labels()):
        for key, places in part.items():
            found[key] += places
    return found


class _Visible(HTMLParser):
    """What a reader sees of a page whose template tags were taken out: text, and the attributes that are read aloud."""

    READ = frozenset({"placeholder", "title", "aria-label", "alt", "aria-description", "aria-roledescription"})
    SILENT = frozenset({"script", "style", "kbd", "code", "pre", "svg"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        is_mute = tag in self.SILENT or told.get("translate") == "no" or (bool(self.stack) and self.stack[-1][1])
        if not is_mute:
            self.found += [value for name, value in attrs if name in self.READ and value and _is_words(value)]
        if tag not in ("meta", "link", "img", "input", "br", "hr", "rect", "path", "circle", "line", "col"):
            self.stack.append((tag, is_mute))

    def handle_endtag(self, tag: str) -> None:
        if any(open_tag == tag for open_tag, _mute in self.stack):
            while self.stack.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not (self.stack and self.stack[-1][1]) and _is_words(data):
            self.found.append(data.strip())


def _is_words(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


def bare_text(source: str) -> list[str]:
    """Visible words of a template that no translate tag holds."""
    from django.template.base import Lexer, TokenType  # noqa: PLC0415

    kept, skips = [], 0
    for token in Lexer(source).tokenize():
        words = token.split_contents() if token.token_type == TokenType.BLOCK and token.contents else [""]
        # A block called …_class fills an attribute of its parent template and is no text.
        is_class = words[0] == "block" and words[-1].endswith("_class")
        if is_class or words[0] in ("blocktranslate", "blocktrans", "comment", "verbatim"):
            skips += 1
        elif words[0] in ("endblocktranslate", "endblocktrans", "endcomment", "endverbatim") or (
            words[0] == "endblock" and skips
        ):
            skips -= 1
        elif not skips and token.token_type == TokenType.TEXT:
            kept.append(token.contents)
    page = _Visible()
    page.feed("".join(kept).replace("– Kurogo", ""))
    return page.found


def main() -> int:
    """Bring the catalogue up to date; 1 while something has no Japanese."""
    found = everything()
    old = polib.pofile(str(CATALOGUE)) if CATALOGUE.exists() else polib.POFile()
    known = {(entry.msgctxt or "", entry.msgid, entry.msgid_plural or ""): entry for entry in old}
    fresh = polib.POFile(wrapwidth=120)
    fresh.metadata = {
        "Project-Id-Version": "Kurogo", "Language": "ja", "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }  # fmt: skip
    # Extras are kept by hand: strings of packages that bring no Japanese, and of connectors' settings.
    extras = {key for key, entry in known.items() if "extra" in (entry.comment or "")}
    for key in sorted({*found, *extras}, key=lambda key: (key[1].lower(), key)):
        entry = known.get(key) or polib.POEntry(msgid=key[1], msgid_plural=key[2], msgctxt=key[0] or None)
        if key[2] and not entry.msgstr_plural:
            entry.msgstr_plural = {0: ""}
        entry.occurrences = sorted({(place.partition(":")[0], "") for place in found.get(key, ())})[:3]
        if "%(" in key[1] and "python-format" not in entry.flags:
            entry.flags.append("python-format")
        fresh.append(entry)
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    fresh.save(str(CATALOGUE))
    missing = [entry.msgid for entry in fresh if not entry.translated()]
    print(f"{len(fresh)} strings, {len(missing)} without Japanese")
    for text in missing:
        print(f"  {text}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("SECRET_KEY", "strings")
    import django

    django.setup()
    raise SystemExit(main())
