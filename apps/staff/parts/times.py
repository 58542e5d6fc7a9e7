"""How moments read on a screen: in the shop's time zone, never without a day, ages in words. Business time throughout."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.core import clock


def day(of: date, *, now: datetime | None = None, with_weekday: bool = False) -> str:
    """A calendar day: today, yesterday, tomorrow, else 11月28日 (with the year where it is another one)."""
    today = clock.business_date(now)
    named = {today: _("Today"), today - timedelta(days=1): _("Yesterday"), today + timedelta(days=1): _("Tomorrow")}
    if of in named and not with_weekday:
        return named[of]
    skeleton = ("MMMEd" if with_weekday else "MMMd") if of.year == today.year else "yMMMd"
    words = format_skeleton(skeleton, datetime(of.year, of.month, of.day), locale=_locale())  # noqa: DTZ001 - a day
    return f"{named[of]} {words}" if of in named else str(words)


def in_full(of: date) -> str:
    """A calendar day on paper, where today is another day tomorrow: 2026年11月28日, 28 Nov 2026."""
    return str(format_skeleton("yMMMd", datetime(of.year, of.month, of.day), locale=_locale()))  # noqa: DTZ001 - a day


def moment(at: datetime, *, now: datetime | None = None) -> str:
    """A day and a time, fit for the middle of a sentence: 今日 15:00, 昨日 04:18, 11月28日 10:00."""
    local, today = at.astimezone(_zone()), clock.business_date(now)
    named = {today: _("today"), today - timedelta(days=1): _("yesterday"), today + timedelta(days=1): _("tomorrow")}
    return f"{named.get(local.date()) or day(local.date(), now=now)} {local:%H:%M}"


def clock_time(at: datetime, *, with_seconds: bool = False) -> str:
    """The time of day in the shop."""
    local = at.astimezone(_zone())
    return f"{local:%H:%M:%S}" if with_seconds else f"{local:%H:%M}"


def span(length: timedelta) -> str:
    """A length of time in its largest unit: 25時間, 3日, 14分."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    if seconds < 3600:
        return ngettext("%(n)d minute", "%(n)d minutes", seconds // 60) % {"n": seconds // 60}
    if seconds < 48 * 3600:
        return ngettext("%(n)d hour", "%(n)d hours", seconds // 3600) % {"n": seconds // 3600}
    return ngettext("%(n)d day", "%(n)d days", seconds // 86400) % {"n": seconds // 86400}


def ago(at: datetime, *, now: datetime | None = None) -> str:
    """How long ago, in words."""
    return _("%(span)s ago") % {"span": span((now or clock.now()) - at)}


def _zone() -> ZoneInfo:
    return clock.shop_zone()


def _locale() -> str:
    return "ja" if (get_language() or "ja").startswith("ja") else "en_GB"
