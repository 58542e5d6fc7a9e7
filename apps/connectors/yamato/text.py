"""What Yamato's printers can print: JIS X 0208 (levels 1 and 2) in cp932. Nothing is replaced here unless it looks the same.

Folded without asking: half-width katakana to full width, both waves, both full-width minus signs and the like to the one
that both character sets know. Everything else that cannot be printed is named, with what might stand in its place.
"""

import re
import unicodedata

from apps.connectors.yamato import codes

# The same sign by two code points: Microsoft's, which cp932 gives back, and the standard's.
_TWINS = str.maketrans({"～": "〜", "－": "−", "∥": "‖", "￠": "¢", "￡": "£", "￢": "¬"})
_HALF_KANA = re.compile(r"[\uff61-\uff9f]+")


def folded(text: str) -> str:
    """The text as it is printed: twins as one, half-width katakana in full width (ｶﾞ is ガ), blanks at the ends gone."""
    whole = _HALF_KANA.sub(lambda found: unicodedata.normalize("NFKC", found.group()), text)
    return whole.translate(_TWINS).strip(" \u3000")


def half(text: str) -> str:
    """Digits and signs in half width, for numbers: ０３－１２３４ is 03-1234."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return re.sub("[‐‑‒–—―−ー]", "-", plain)


def is_printable(character: str) -> bool:
    """Whether one folded character can be printed."""
    if unicodedata.category(character).startswith("C"):
        return False
    try:
        character.translate(_TWINS).encode("shift_jis")
        character.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def strangers(text: str) -> list[str]:
    """The characters of a folded text that cannot be printed, each once, in their order."""
    return [character for character in dict.fromkeys(text) if not is_printable(character)]


def offered(character: str) -> str | None:
    """What may stand for a character that cannot be printed, empty to leave it out; None where only a person knows."""
    if character in codes.REPLACEMENTS:
        return codes.REPLACEMENTS[character]
    if unicodedata.name(character, "").startswith("VARIATION SELECTOR"):
        return ""  # 葛󠄀 and 葛 are one character in two prints
    for form in ("NFKC", "NFKD"):
        plain = "".join(one for one in unicodedata.normalize(form, character) if not unicodedata.combining(one))
        if plain and plain != character and all(map(is_printable, plain)):
            return plain
    return "" if unicodedata.category(character) in {"So", "Sk"} else None  # an emoji is left out


def width(text: str) -> int:
    """Bytes of a printable text in the file."""
    return len(text.encode("cp932"))
