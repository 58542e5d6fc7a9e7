"""The record room, one file an app. What third parties registered and nobody here looks up is taken out."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from apps.staff.admin import (
    catalog,
    channels,
    connections,
    core,
    customers,
    hub,
    inventory,
    ledger,
    messaging,
    orders,
    payments,
    people,
    purchasing,
    reconciliation,
    shipping,
    stocktakes,
)

__all__ = [
    "catalog", "channels", "connections", "core", "customers", "hub", "inventory", "ledger", "messaging", "orders",
    "payments", "people", "purchasing", "reconciliation", "shipping", "stocktakes",
]  # fmt: skip

# Schedules are one table in config/schedule.py; factors are the person's own and forgotten in `people`.
for model in (
    EmailAddress,
    Authenticator,
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
