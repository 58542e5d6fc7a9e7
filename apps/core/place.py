"""Where the shop is: its country and the time zone of its days, as the company says, else as the environment does.

Both are chosen before the first order and not changed afterwards: the days of nights, books and forecasts are counted by
them. Each process reads them once, as soon as there is a company (`look`).
"""

from django.apps import apps
from django.conf import settings

_told: dict[str, str] = {}


def look() -> None:
    """Read them, unless this process has; costs nothing afterwards."""
    if _told:
        return
    company = apps.get_model("core.Company")  # by name: the clock rests on this file, and the models on the clock
    row = company.objects.values_list("time_zone", "country").first()
    if row is not None:
        _told.update(time_zone=row[0] or settings.TIME_ZONE, country=row[1] or settings.KUROGO_COUNTRY)


def forget() -> None:
    """They were chosen anew: read them again when next asked."""
    _told.clear()


def country() -> str:
    """ISO 3166 alpha-2 of the country whose tax rates apply where a channel names none."""
    return _told.get("country") or settings.KUROGO_COUNTRY


def time_zone() -> str:
    """Name of the time zone in which the shop's days and nights are counted."""
    return _told.get("time_zone") or settings.TIME_ZONE
