"""`manage.py first_run`: the link that lets the first person in, for an installation where nobody lives yet."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from apps.core import first_run


class Command(BaseCommand):
    """Print the link once more; refuses where it would open nothing."""

    help = "Show the link with which the first owner makes their account."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if get_user_model().objects.exists():
            raise CommandError("Somebody lives here already; an owner invites the others.")
        code = first_run.code(settings.SECRET_KEY)
        self.stdout.write(f"{settings.PUBLIC_ADDRESS.rstrip('/')}/setup/owner/?code={code}")
