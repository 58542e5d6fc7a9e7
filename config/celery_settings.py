"""Celery's own settings (lower-case names are Celery's)."""

from config import settings

broker_url = settings.BROKER_URL or None
result_backend = None
task_ignore_result = True
task_acks_late = True
worker_prefetch_multiplier = 1
worker_hijack_root_logger = False
broker_connection_retry_on_startup = True
# Doorbells are cheap and late ones useless; nothing in the broker is worth a long visibility time-out.
broker_transport_options = {"visibility_timeout": 60, "unacked_restore_throttle": 1, "socket_timeout": 5}
broker_connection_timeout = 2
beat_scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
timezone = settings.TIME_ZONE
