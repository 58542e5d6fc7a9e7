"""I15: each scheduled job ran once for each period, and no night between the first and the last is missing."""

from datetime import timedelta

from django.conf import settings

from apps.core import clock
from apps.flows.verifying.checks import Check

RUNS = "SELECT count(*) FROM hub_jobrun"
# A run that was due longer ago than this and is not finished is stuck.
FINISHED_WITHIN = timedelta(days=1)


def checks() -> tuple[Check, ...]:
    """I15, by the schedule and the business time of now.

    Jobs that catch up must have every day. Of the others only the newest period is run after a pause, by design.
    """
    daily = [job.name for job in settings.SCHEDULE if job.catches_up]
    return (
        Check(
            "a period has one run",
            RUNS,
            "SELECT min(job || ' ' || period) FROM hub_jobrun GROUP BY job, period HAVING count(*) > 1",
        ),
        Check(
            "no period is missing",
            "SELECT count(*) FROM hub_jobrun WHERE job = ANY(%s)",
            r"""SELECT due.job || ' ' || due.day FROM (
                    SELECT job, generate_series(min(period::date), max(period::date), '1 day')::date AS day
                    FROM hub_jobrun WHERE job = ANY(%s) GROUP BY job
                ) due WHERE NOT EXISTS (SELECT 1 FROM hub_jobrun r WHERE r.job = due.job AND r.period = due.day::text)""",
            (daily, daily),
        ),
        Check(
            "a run ends",
            RUNS,
            """SELECT job || ' ' || period FROM hub_jobrun WHERE (finished_at IS NULL AND due_at < %s)
                  OR (finished_at IS NOT NULL AND started_at IS NULL)""",
            (clock.now() - FINISHED_WITHIN,),
        ),
    )
