"""Celery: a doorbell and a pool of threads. No task carries truth; losing any message makes things late by one sweep."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("kurogo")
app.config_from_object("config.celery_settings")
app.autodiscover_tasks(["apps.flows"])
