"""A missing Python, or one without venv, is named in one sentence."""

import os
import subprocess
from pathlib import Path

from django.conf import settings

SCRIPT = str(settings.BASE_DIR / "tools" / "find-python.sh")


def find(folder: Path) -> tuple[int, str, str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHON"} | {"PATH": str(folder)}
    answer = subprocess.run(["/bin/sh", SCRIPT], env=env, capture_output=True, text=True, check=False)
    return answer.returncode, answer.stdout, answer.stderr


def python(folder: Path, name: str, *, is_right: bool, has_venv: bool) -> None:
    """A stand-in that answers the script's two questions by exit code."""
    code = (
        f'#!/bin/sh\ncase "$2" in *version_info*) exit {int(not is_right)};; *venv*) exit {int(not has_venv)};; esac\n'
    )
    (folder / name).write_text(code)
    (folder / name).chmod(0o755)


def test_the_first_that_will_do_is_taken(tmp_path: Path) -> None:
    python(tmp_path, "python3", is_right=False, has_venv=True)
    python(tmp_path, "python3.13", is_right=True, has_venv=False)
    python(tmp_path, "python3.12", is_right=True, has_venv=True)

    assert find(tmp_path) == (0, f"{tmp_path}/python3.12\n", "")


def test_a_python_without_venv_is_named(tmp_path: Path) -> None:
    python(tmp_path, "python3", is_right=True, has_venv=False)

    assert find(tmp_path) == (
        1,
        "",
        f"{tmp_path}/python3 lacks the venv module: install it (Debian and Ubuntu: apt install python3-venv)"
        " and run make again.\n",
    )


def test_no_python_is_said_in_one_sentence(tmp_path: Path) -> None:
    python(tmp_path, "python3", is_right=False, has_venv=True)

    code, out, err = find(tmp_path)

    assert (code, out) == (1, "")
    assert err == (
        "Kurogo needs Python 3.11, 3.12 or 3.13, and none is on the PATH: install one, or name it with"
        " make PYTHON=/path/to/python.\n"
    )
