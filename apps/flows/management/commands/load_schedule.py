"""`manage.py load_schedule`: config/schedule.py into django-celery-beat, where a merchant sees it. `up` runs it."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from apps.core import clock, place

TASK = "apps.flows.tasks.make_job_due"


class Command(BaseCommand):
    """Make beat's rows equal to the table; rows of jobs that are gone go, other rows stay."""

    help = "Load config/schedule.py into django-celery-beat."

    def handle(self, **_options: object) -> None:
        with transaction.atomic():
            place.look()
            names = [self._load(job) for job in settings.SCHEDULE]
            PeriodicTask.objects.filter(task=TASK).exclude(name__in=names).delete()
        self.stdout.write(f"schedule: {len(names)} jobs")

    def _load(self, job: Any) -> str:
        when: dict[str, object]
        if job.every_minutes:
            every, _ = IntervalSchedule.objects.get_or_create(every=job.every_minutes, period=IntervalSchedule.MINUTES)
            when = {"interval": every, "crontab": None}
        else:
            hour, minute = job.at.split(":")
            daily, _ = CrontabSchedule.objects.get_or_create(
                minute=str(int(minute)), hour=str(int(hour)), day_of_week="*", day_of_month="*", month_of_year="*",
                timezone=clock.shop_zone(),
            )  # fmt: skip
            when = {"crontab": daily, "interval": None}
        PeriodicTask.objects.update_or_create(
            name=f"kurogo: {job.name}",
            defaults={"task": TASK, "args": json.dumps([job.name]), "description": job.words, **when},
        )
        return f"kurogo: {job.name}"
