"""The record room, one file an app. What third parties registered and nobody here looks up is taken out."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_device_grant_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)

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

# Schedules are one table in config/schedule.py; factors are the person's own and forgotten in `people`; programs and their
# tokens have a page of their own (views/clients.py).
for model in (
    get_application_model(),
    get_access_token_model(),
    get_refresh_token_model(),
    get_grant_model(),
    get_id_token_model(),
    get_device_grant_model(),
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
