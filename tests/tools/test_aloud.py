"""The wrapper of make's recipes: passes output and exit code on, is never silent for five seconds."""

import subprocess
import sys
import time

from django.conf import settings

ALOUD = [sys.executable, str(settings.BASE_DIR / "tools" / "aloud.py")]


def test_output_and_exit_code_pass_through() -> None:
    words = [sys.executable, "-c", "print('out'); raise SystemExit(3)"]

    answer = subprocess.run([*ALOUD, *words], capture_output=True, text=True, check=False)

    assert (answer.returncode, answer.stdout) == (3, "out\n")


def test_a_silent_command_is_spoken_for() -> None:
    started = time.monotonic()
    with subprocess.Popen([*ALOUD, "sleep", "60"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()

    assert line == "  … sleep 60, 3 s\n"
    assert time.monotonic() - started < 5
