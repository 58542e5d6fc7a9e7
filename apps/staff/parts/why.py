"""A reckoning in words: each part as a line and all of them as one sentence, orders with their links, times in the shop's zone."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core import clock
from apps.flows.reckoning import Part, Reckoning
from apps.staff.parts import times, words
from apps.staff.templatetags import shown

TITLES: dict[str, Promise] = {
    "on_hand": gettext_lazy("On hand"),
    "unavailable": gettext_lazy("Unavailable"),
    "reserved": gettext_lazy("Promised"),
    "available": gettext_lazy("Free"),
    "leased": gettext_lazy("Leased to channels"),
    "backordered": gettext_lazy("Waited for"),
    "incoming": gettext_lazy("On their way"),
    "value": gettext_lazy("Stock value"),
    "shown": gettext_lazy("Shown"),
    "line": gettext_lazy("Allocation"),
    "bought": gettext_lazy("On their way"),
    "came": gettext_lazy("Came"),
    "sent": gettext_lazy("On their way"),
    "arrived": gettext_lazy("Came"),
    "book": gettext_lazy("Book at that moment"),
}
_PLAIN: dict[str, Promise] = {
    "on_hand": gettext_lazy("lie on the shelf"),
    "leased": gettext_lazy("leased to %(channel)s: only it may sell them"),
    "lease_of": gettext_lazy("%(channel)s alone may sell them"),
    "bought": gettext_lazy("ordered from %(supplier)s with %(purchase)s"),
    "sent": gettext_lazy("on their way from %(origin)s with %(transfer)s"),
    "came_with": gettext_lazy("came with %(receipt)s (%(at)s)"),
    "given_up": gettext_lazy("called off"),
    "came_beyond": gettext_lazy("came beyond what was ordered"),
    "corrected_since": gettext_lazy("corrected by other counts since"),
    "sent_off": gettext_lazy("sent from %(origin)s with %(transfer)s (%(at)s)"),
    "arrived_at": gettext_lazy("came to %(destination)s (%(at)s)"),
    "got_lost": gettext_lazy("written off (%(at)s): %(reason)s"),
    "promised_here": gettext_lazy("promised at %(place)s"),
    "left": gettext_lazy("have left %(place)s"),
    "sets": gettext_lazy("whole sets that its components make"),
    "beyond": gettext_lazy("may be sold beyond the shelf"),
    "buffer_listing": gettext_lazy("held back from this channel for this article"),
    "buffer": gettext_lazy("held back from this channel by its rule"),
    "blind_elsewhere": gettext_lazy("may be sold by %(channel)s, which does not answer"),
    "cap": gettext_lazy("more than the %(cap)s that its rule shows at most"),
    "minimum": gettext_lazy("fewer than the %(minimum)s that its rule shows at least, so none is shown"),
    "rule": gettext_lazy("by the channel's rule"),
    "unleased": gettext_lazy("free, and leased to no channel yet"),
    "unbacked": gettext_lazy("shown beyond its lease: lower numbers are being sent"),
    "oversold": gettext_lazy("sold there beyond what it showed"),
    "reconnect": gettext_lazy("not told: the connection must be reconnected"),
    "held": gettext_lazy("not told: a person is asked before it falls to none"),
    "refused": gettext_lazy("not told: the channel refused the number"),
    "said_no": gettext_lazy("The channel refused our last number: %(words)s"),
    "paused": gettext_lazy("not told: stock sync is paused"),
    "cannot_be_told": gettext_lazy("shown by itself: this channel cannot be told"),
    "to_be_told": gettext_lazy("a change that has not been sent yet"),
    "leasing": gettext_lazy("not divided among the channels yet: it is becoming leased"),
    "unlinked": gettext_lazy("%(sku)s is linked to no article of ours, so nothing is sent."),
    "never_told": gettext_lazy("It was not told a number yet; this is what it would be told."),
    "policy_leasing": gettext_lazy("The article is becoming leased since %(since)s: each channel gets units of its own."),
    "policy_leased": gettext_lazy("The article is leased since %(since)s: each channel sells its own units alone."),
    "acknowledged_some": gettext_lazy("It acknowledged our last number (%(at)s)."),
}  # fmt: skip
_PLACE = re.compile(r"%\((\w+)\)s")
_TIMED = {"until", "since", "at", "last"}


@dataclass(frozen=True, slots=True)
class Line:
    """One part: its signed figure and what it is."""

    figure: str
    words: SafeString
    is_nothing: bool = False


@dataclass(slots=True)
class Told:
    """A number in words, ready for the panel."""

    title: str
    number: str
    sentence: SafeString
    residual: str
    is_explained: bool
    lines: list[Line] = field(default_factory=list)
    notes: list[SafeString] = field(default_factory=list)


def tell(what: str, found: Reckoning, *, currency: str = "", channel: str = "") -> Told:
    """Everything the panel says. `currency`: the number is money in minor units; `channel` is whose number it is."""
    figure = _money(currency) if currency else shown.number
    signed = _signed_money(currency) if currency else shown.signed
    number = figure(found.number)
    return Told(
        str(TITLES[what]), number, _sentence(what, found, number, channel, currency), signed(found.residual),
        not found.residual, [Line(signed(part.units), phrase(part), not part.units) for part in found.parts],
        [note(part, figure) for part in found.notes],
    )  # fmt: skip


def _money(currency: str) -> Callable[[int | None], str]:
    return lambda minor: shown.money(minor, currency)


def _signed_money(currency: str) -> Callable[[int | None], str]:
    return lambda minor: ("+" if minor and minor > 0 else "") + shown.money(minor, currency)


def _sentence(what: str, found: Reckoning, number: str, channel: str, currency: str) -> SafeString:
    """楽天 shows 3, we have 5: 1 reserved by #1042 until 08:14, 1 safety stock."""
    if currency or found.number is None:
        return SafeString("")
    parts = [part for part in found.parts if part.units]
    facts: dict[str, Any] = {"number": number, "channel": channel, "title": TITLES[what]}
    if what in {"shown", "available"}:
        lying = [part for part in parts if part.code in {"on_hand", "sets"}]
        parts = [part for part in parts if part not in lying]
        facts["hand"] = shown.number(sum(part.units for part in lying))
        head = _("%(number)s are free, we have %(hand)s")
        if what == "shown":
            head = _("%(channel)s shows %(number)s, we have %(hand)s")
    else:
        head = _("%(title)s %(number)s")
    ways = {
        part.units > 0 for part in parts if part.code == "movements"
    }  # where some came and some went, each says which
    said = [_counted(part, is_signed=what in {"shown", "available"}, is_both=len(ways) > 1) for part in parts]
    if found.residual:
        said.append(_joined(shown.signed(found.residual), conditional_escape(_("explained by nothing"))))
    begin = _filled(head, facts)
    if not said:
        return _filled(_("%(head)s."), {"head": begin})
    listed = reduce(lambda first, second: _filled(_("%(first)s, %(second)s"), {"first": first, "second": second}), said)
    return _filled(_("%(head)s: %(parts)s."), {"head": begin, "parts": listed})


def _counted(part: Part, *, is_signed: bool, is_both: bool) -> SafeString:
    is_signed = is_both or (is_signed and part.units > 0)
    figure = shown.signed(part.units) if is_signed else shown.number(abs(part.units))
    return _joined(figure, phrase(part))


def _joined(figure: str, said: SafeString) -> SafeString:
    return _filled(_("%(n)s %(words)s"), {"n": figure, "words": said})


def phrase(part: Part) -> SafeString:
    """What a part is, in a few words that follow its number."""
    said = part.facts
    if part.code in {"held", "waits"}:
        return _of_order(part.code, said)
    if part.code in {"held_more", "waits_more"}:
        return _more(part.code, said["n"])
    if part.code == "aside":
        return conditional_escape(said["reason"])
    if part.code == "movements":
        text = ngettext("%(kind)s (%(n)s time, last %(last)s)", "%(kind)s (%(n)s times, last %(last)s)", said["n"])
        return _filled(text, said)
    if part.code == "escrow":
        text = _("may have been sold under an old number until %(until)s") if said["until"] else _(
            "may have been sold under an old number: the next one that it acknowledges will tell")  # fmt: skip
        return _filled(text, said)
    if part.code == "on_its_way":
        text = _("not acknowledged: the number %(number)s is on its way")
        if said["at"]:
            text = _("not acknowledged: the number %(number)s is on its way since %(at)s")
        return _filled(text, said)
    if part.code == "kept_for_push":
        return _filled(_("kept for the number %(number)s that is on its way and not acknowledged"), said)
    text = str(_PLAIN[part.code])
    if part.code == "bought" and said["expected_on"]:
        text = _("ordered from %(supplier)s with %(purchase)s, expected %(expected_on)s")
    if part.code == "promised_here" and said["until"]:
        text = _("promised at %(place)s until %(until)s, unless it is paid")
    return _filled(text, said)


def _of_order(code: str, said: Mapping[str, Any]) -> SafeString:
    if code == "waits":
        return _filled(_("waited for by %(order)s since %(since)s"), said)
    return _filled(_("reserved by %(order)s until %(until)s") if said["until"] else _("reserved by %(order)s"), said)


def _more(code: str, n: int) -> SafeString:
    if code == "waits_more":
        text = ngettext("waited for by %(n)s more order", "waited for by %(n)s more orders", n)
    else:
        text = ngettext("reserved by %(n)s more order", "reserved by %(n)s more orders", n)
    return _filled(text, {"n": shown.number(n)})


def note(part: Part, figure: Callable[[int | None], str]) -> SafeString:
    """A sentence beside the sum."""
    said: dict[str, Any] = dict(part.facts) | {"number": figure(part.units)}
    text = str(_PLAIN.get(part.code, ""))
    if part.code == "acknowledged":
        text = _("It acknowledged %(number)s (%(at)s).")
        if said["sold"]:
            text = ngettext(
                "It acknowledged %(number)s (%(at)s); we have heard of %(sold)s unit sold there since.",
                "It acknowledged %(number)s (%(at)s); we have heard of %(sold)s units sold there since.", said["sold"],
            )  # fmt: skip
    elif part.code == "is_blind":
        text = _("It has not answered since %(since)s (after %(minutes)s minutes a channel counts as blind): it keeps what it"
                 " acknowledged and gets nothing more.")  # fmt: skip
    elif part.code == "average":
        text = _("%(units)s lie there, on average worth %(each)s each.")
        said["each"] = figure(round(part.units / said["units"]))
    elif part.code == "set_aside":
        text = _("%(reason)s, last changed by %(actor)s (%(at)s): %(why)s")
        said |= {"actor": words.actor(said["actor"]), "why": words.reason(said["why"])}
    elif part.code == "still_waits":
        text = _("It waits for %(number)s of %(sku)s at %(place)s, where %(free)s are free.")
        if said["ahead"]:
            text = ngettext(
                "It waits for %(number)s of %(sku)s at %(place)s, where %(free)s are free and %(ahead)s waits before it.",
                "It waits for %(number)s of %(sku)s at %(place)s, where %(free)s are free and %(ahead)s wait before it.",
                said["ahead"],
            )
    elif part.code == "counted_then":
        text = _("%(actor)s counted %(number)s (%(at)s).")
        said["actor"] = words.actor(said["actor"])
    elif part.code == "component":
        text = _("%(sku)s: %(number)s free, %(each)s in one set.")
    elif part.code == "to_come":
        text = _("%(number)s are on their way to %(place)s.")
    elif part.code == "called_off":
        text = _("%(number)s were called off.")
    return _filled(text, said)


def _filled(text: str, facts: Mapping[str, Any]) -> SafeString:
    """Words with their facts, escaped; moments as they are read, things with a page as links to it."""
    if not facts:
        return conditional_escape(text)
    return format_html(_PLACE.sub(r"{\1}", text), **{name: _value(name, value, facts) for name, value in facts.items()})


def _value(name: str, value: Any, facts: Mapping[str, Any]) -> SafeString | str:
    if name in _TIMED:
        return conditional_escape(_moment(value)) if value else "–"
    if name == "expected_on":
        return conditional_escape(times.day(value)) if value else "–"
    if name == "order":
        return _link("staff:order", value, facts.get("label", ""))
    if name == "purchase":
        return _link("staff:purchase", value, value.number)
    if name == "transfer":
        return _link("staff:transfer", value, value.number)
    return conditional_escape(shown.number(value) if isinstance(value, int) else value)


def _moment(at: datetime) -> str:
    """The time of day alone where it is today's: 08:14, 昨日 08:14."""
    is_today = clock.business_date(at) == clock.business_date()
    return times.clock_time(at) if is_today else times.moment(at)


def _link(page: str, thing: Any, label: str) -> SafeString:
    if thing is None:
        return conditional_escape(label)
    return format_html('<a href="{}">{}</a>', reverse(page, args=[thing.id]), label)
