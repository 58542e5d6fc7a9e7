"""A notice as Slack's text. Pure. What a shop's own words hold stays words: no call to everybody, no link in disguise."""

from apps.hub import contracts as c

# Slack cuts at 40,000; nobody reads that much in a chat.
MOST = 8000


def text(notice: c.Notice) -> str:
    """Subject in bold, then the text; `&`, `<` and `>` are the three signs that Slack reads as more than themselves."""
    whole = f"*{_escaped(_bare(notice.subject))}*\n{_escaped(notice.text.strip())}"
    return whole if len(whole) <= MOST else whole[: MOST - 1].rpartition("\n")[0] + "\n…"


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _bare(subject: str) -> str:
    """One line without stars, which would end the bold."""
    return " ".join(subject.replace("*", "").split())
