"""A notice as LINE's push message, and its answer. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from apps.connectors.line import codes
from apps.hub import contracts as c
from apps.hub import errors

_TO = re.compile(r"[UCR][0-9a-f]{32}")


def push(notice: c.Notice) -> dict[str, Any]:
    """The body: one text message. Raises `errors.Permanent` for a receiver that is none."""
    if not _TO.fullmatch(notice.to):
        raise errors.Permanent("the address is no ID of a LINE user, group or room")
    return {"to": notice.to, "messages": [{"type": "text", "text": text(notice)}]}


def text(notice: c.Notice) -> str:
    """Subject, then the text; what LINE would refuse as too long ends at a line."""
    whole = f"{' '.join(notice.subject.split())}\n{notice.text.strip()}"
    if _size(whole) <= codes.MOST:
        return whole
    kept, size = [], 0
    for line in whole.split("\n"):
        size += _size(line) + 1
        if size > codes.MOST - 1:
            break
        kept.append(line)
    return "\n".join([*kept, "…"])


def sent(notice: c.Notice, answer: Mapping[str, Any]) -> c.Sent:
    """LINE has it: the id of the message. What was accepted before may be answered without one."""
    messages = answer.get("sentMessages") or [{}]
    return c.Sent(reference=notice.reference, external_id=str(messages[0].get("id", "")))


def _size(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2
