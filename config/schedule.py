"""Every scheduled job in one table: when it is due, in the shop's time zone. Plain data; `settings.SCHEDULE` is this table.

It is loaded into django-celery-beat, where a merchant sees it; the worker's own loop looks for due periods by the same table,
so that a missing beat or broker changes nothing. One run per (job, period), whoever rings.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """`at` HH:MM daily, or `every_minutes`. `catches_up`: each missed day is run; else only the newest period is."""

    name: str
    at: str = ""
    every_minutes: int = 0
    catches_up: bool = False
    words: str = ""


SCHEDULE = (
    Job(
        "poll_orders", every_minutes=1, words="Ask each channel in its turn for orders whose notices may have been lost"
    ),
    Job(
        "ship_ready_morning",
        at="11:00",
        words="Buy labels for orders that nothing keeps, where the shop ships by itself",
    ),
    Job("tell", every_minutes=1, words="Look for what people should know of, and tell them"),
    Job("seal_audit", every_minutes=1, words="Seal what was written into the audit trail"),
    Job("ship_ready", at="15:00", words="The same at cut-off"),
    Job("night", at="02:00", catches_up=True, words="Compare orders, stock and money with every connection that can"),
    Job("retention", at="03:30", words="Empty payloads that are past their time"),
    Job("refresh_listings", at="04:30", words="Read again what every channel lists"),
    Job("forecast", at="04:30", words="Forecast demand and reorder points"),
    Job("forget_keys", at="03:40", words="Forget tokens and idempotency keys of the API that are past their time"),
    Job("check_keys", at="05:00", words="Ask when credentials that end by themselves will"),
)
