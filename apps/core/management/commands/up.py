"""`manage.py up`: the whole of Kurogo in one terminal; nothing it starts outlives it.

`--only` becomes one program instead, for many machines: there the machine's own supervisor does the watching.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.core import first_run, runtime
from apps.core.binaries import NoPostgres
from apps.core.supervise import Busy, Unstarted


class Command(BaseCommand):
    """Start database, broker, migrations, web, worker and beat; the first line once all is ready is the address."""

    help = "Start Kurogo: embedded PostgreSQL and Valkey (unless DATABASE_URL / BROKER_URL are set), web, worker, beat."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--only", choices=["web", "worker", "beat"], help="be this one program, for many machines")
        parser.add_argument("--host", default="127.0.0.1", help="address the web server listens on")
        parser.add_argument(
            "--port", type=int, default=runtime.FIRST_PORT, help="web port; a busy one is stepped around"
        )

    def handle(self, *_args: Any, only: str | None, host: str, port: int, **_options: Any) -> None:
        if only:
            self._become(only, host=host, port=port)
        try:
            with runtime.opened(Path(settings.DATA_DIR), say=self._say) as kurogo:
                self._start(kurogo, host=host, port=port)
                kurogo.supervisor.run_until_signal()
        except KeyboardInterrupt:
            self._say("Stopped before it was ready.")
        except (Busy, NoPostgres, Unstarted) as error:
            raise CommandError(str(error)) from error

    def _start(self, kurogo: runtime.Runtime, *, host: str, port: int) -> None:
        kurogo.start_services()
        kurogo.migrate()
        port = kurogo.choose_port(port)
        kurogo.start_worker()
        kurogo.start_beat()
        address = kurogo.start_web(host=host, port=port)
        self._say(address)
        if first_run.is_empty(kurogo.env["DATABASE_URL"]):
            code = first_run.code(kurogo.env["SECRET_KEY"])
            self._say(f"Nobody lives here yet. Make your account: {address}setup/owner/?code={code}")
        self._say(f"Logs are in {kurogo.home / 'log'}. Ctrl-C stops Kurogo.")

    def _become(self, only: str, *, host: str, port: int) -> None:
        """Replace this process by one program, on DATABASE_URL and BROKER_URL, logging to the terminal."""
        home, env = Path(settings.DATA_DIR), os.environ
        needed = ["DATABASE_URL", *(["BROKER_URL"] if only == "beat" else [])]
        if not (home / "secrets.json").exists():  # every machine needs the same ones, so none are made here
            needed += ["SECRET_KEY", "KUROGO_KEYSET"]
        missing = [name for name in needed if not env.get(name)]
        if missing:
            raise CommandError(f"--only {only} needs {' and '.join(missing)} in the environment.")
        if not (env.get("SECRET_KEY") and env.get("KUROGO_KEYSET")):
            env.update(runtime.program_environment(home, runtime.Secrets.kept_in(home)))
        argv = {
            "web": runtime.web_argv(host=host, port=port),
            "worker": runtime.worker_argv(broker=env.get("BROKER_URL", "")),
            "beat": runtime.beat_argv(),
        }[only]
        if only == "web":
            self._say(env.get("PUBLIC_ADDRESS", f"http://{'localhost' if host == '127.0.0.1' else host}:{port}/"))
        os.chdir(settings.BASE_DIR)
        os.execve(argv[0], argv, dict(env))  # noqa: S606  (no shell is wanted)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        sys.stdout.flush()
