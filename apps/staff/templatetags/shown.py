"""How values are shown on the staff pages: money, moments, figures and state marks. Presentation only."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.core import clock, counting
from apps.core.money import Money, displayed
from apps.inventory.models import Lot
from apps.orders.models import Order
from apps.staff.parts import times, words

register = template.Library()

NEAR = timedelta(days=30)


@register.filter
def money(minor: int | None, currency: str) -> str:
    """Minor units as ¥1,234, with the true minus sign; a dash where nothing is known."""
    if minor is None:
        return "–"
    return Money(int(minor), currency or "JPY").display(_locale())


@register.filter
def unit_price(amount: Any, currency: str) -> str:
    """A unit price, which may be finer than the minor unit."""
    return displayed(amount, currency, locale=_locale())


def _locale() -> str:
    return "ja" if (get_language() or "ja").startswith("ja") else "en"


@register.filter
def plain(amount: Decimal | None) -> str:
    """A decimal as a person would type it, for fields: 195.4, 200; nothing where there is none."""
    return "" if amount is None else f"{amount.normalize():f}"


@register.filter
def signed(number: int | None) -> str:
    """A count with its sign: +24, −2, 0."""
    if number is None:
        return "–"
    return f"+{number:,}" if number > 0 else f"{number:,}".replace("-", "−")


@register.filter
def figure_of(count: int) -> str:
    """A bounded count: 1,000+ where counting stopped."""
    return counting.shown(count)


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """今日 15:00, in a <time>."""
    if at is None:
        return "–"
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), times.moment(at))


@register.filter
def hm(at: datetime | None) -> SafeString | str:
    """15:00, in a <time>; only beside a day."""
    if at is None:
        return ""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), times.clock_time(at))


@register.filter
def hms(at: datetime | None) -> SafeString | str:
    """15:00:07, in a <time>; only beside a day."""
    if at is None:
        return ""
    shown = times.clock_time(at, with_seconds=True)
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), shown)


@register.filter
def on_paper(at: date | datetime | None) -> str:
    """2026年11月28日, in the shop's zone; nothing where there is none."""
    if at is None:
        return ""
    return times.in_full(clock.business_date(at) if isinstance(at, datetime) else at)


@register.filter
def ago(at: datetime | None) -> SafeString | str:
    """32分前, in a <time>; a dash where it never was."""
    if at is None:
        return "–"
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), times.ago(at))


@register.filter
def hours_of(slot: str) -> str:
    """Wished hours: 14:00–16:00 of 1416, the morning of 0812; what is none stays as the customer wrote it."""
    if len(slot) != 4 or not slot.isdigit():
        return slot
    if slot == "0812":
        return _("in the morning")
    return _("%(first)d:00–%(last)d:00") % {"first": int(slot[:2]), "last": int(slot[2:])}


@register.filter
def iso_day(at: datetime) -> str:
    """The shop's day of a moment, for date fields."""
    return clock.business_date(at).isoformat()


@register.filter
def day_of(of: date) -> str:
    """A calendar day in words."""
    return times.day(of)


@register.filter
def day_with_weekday(of: date) -> str:
    """A calendar day with its weekday."""
    return times.day(of, with_weekday=True)


@register.filter
def is_over(lot: Lot, today: date) -> bool:
    """Whether a lot's last day for sale is over."""
    return lot.is_past(today)


@register.filter
def is_near(lot: Lot, today: date) -> bool:
    """Whether a lot's last day for sale comes within a month."""
    return lot.last_day is not None and lot.last_day <= today + NEAR


@register.filter
def seconds(milliseconds: int) -> str:
    """0.4 of a length in milliseconds."""
    return f"{milliseconds / 1000:.1f}"


@register.simple_tag
def pill(kind: str, state: str, label: Any) -> SafeString:
    """A state: mark first, then the word. `kind` is a row of words.IS."""
    return format_html('<span class="pill" data-is="{}">{}</span>', words.mark(kind, state), label)


@register.simple_tag
def allocation_pill(order: Order) -> SafeString:
    """An order's allocation, which depends on whether it is still open."""
    mark, label = words.allocation_mark(order), words.allocation_label(order)
    return format_html('<span class="pill" data-is="{}">{}</span>', mark, label)


@register.filter
def hold_reason(reason: str) -> str:
    """A hold's code in words."""
    return words.hold_reason(reason)


@register.filter
def reason(text: str) -> str:
    """A reason in words."""
    return words.reason(text)


@register.filter
def actor(name: str) -> str:
    """Who did it."""
    return words.actor(name)


@register.filter
def word_for(code: str, table: str) -> str:
    """A code in words by a table of parts/words.py (`methods`, `operations`, …); an unknown one as it is."""
    return str(getattr(words, table.upper()).get(code, code))


@register.filter
def is_past(at: datetime | None) -> bool:
    """Whether a business moment is behind us."""
    return at is not None and at < clock.now()


@register.filter
def get(table: Any, key: Any) -> Any:
    """An entry of a table by a key that is a value, or nothing."""
    return table.get(key)


@register.filter
def minus(a: int, b: int) -> int:
    """What is left of a when b is taken away."""
    return a - b


@register.filter
def number(count: int | None) -> str:
    """A count with the true minus sign; a dash where nothing is known."""
    return "–" if count is None else f"{count:,}".replace("-", "−")


@register.filter
def less(count: int) -> str:
    """A count that is taken away: −3, and 0 as it is."""
    return number(-count)


@register.simple_tag
def why(what: str, thing: Any, figure: Any) -> SafeString:
    """A number that says why it is what it is when it is clicked: `{% why "available" level.id level.available %}`.

    `what` is a number of parts/why.py, `figure` the number itself, or its words (money).
    """
    if what == "value":
        address = reverse("staff:why_value", args=[thing])
    else:
        address = reverse("staff:why", args=[what, thing])
    text = figure if isinstance(figure, str) else number(figure)
    return format_html(
        '<a class="why" href="{}" hx-get="{}" hx-target="#why" aria-haspopup="dialog" title="{}">{}</a>',
        address, address, _("Why this number"), text,
    )  # fmt: skip


_FIRMS = (
    "株式会社", "有限会社", "合同会社", "合名会社", "合資会社", "一般社団法人", "医療法人", "学校法人",
    " Ltd", " LLC", " Inc", " Corp", " GmbH",
)  # fmt: skip


@register.filter
def firm(name: str) -> str:
    """A supplier as it is addressed, whatever its name looks like."""
    return f"{name} 御中" if name and (get_language() or "ja").startswith("ja") else name


@register.filter
def honoured(name: str) -> str:
    """A name as it is addressed: people get 様, companies 御中; in English names stay as they are."""
    if not name or not (get_language() or "ja").startswith("ja"):
        return name
    return f"{name} 御中" if any(firm in name for firm in _FIRMS) else f"{name} 様"
