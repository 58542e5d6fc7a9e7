"""No child outlives its supervisor, a crashed one comes back, all stop in order. Real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.core import ports, sweep
from apps.core.supervise import Busy, Supervisor, Unstarted

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
# Starts a tethered child and, as the control, one that is not; prints both pids and waits to be killed.
KILLED = """
import subprocess, sys, time
from pathlib import Path
from apps.core.supervise import Supervisor
supervisor = Supervisor(Path(sys.argv[1]), say=lambda line: None)
words = [sys.executable, "-c", "import time; time.sleep(600)"]
supervisor.start("child", words)
loose = subprocess.Popen(words)
print(supervisor.pid("child"), loose.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, lines: list[str]) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "home", say=lines.append) as running:
        yield running


def is_there(pid: int) -> bool:
    """Whether a process runs (its remains do not count)."""
    return sweep.command_line(pid) != ""


def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> bool:
    """Wait for the outside world, not for a fixed time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def written(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start sweeps")
def test_a_killed_supervisor_leaves_no_child(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child, loose = (int(word) for word in process.stdout.readline().split())
        process.kill()

    try:
        assert until(lambda: not is_there(child))
        assert is_there(loose)  # the control: without the tether it lives on
    finally:
        os.kill(loose, signal.SIGKILL)


def test_a_crashed_child_is_started_again_and_said_so(supervisor: Supervisor, lines: list[str]) -> None:
    supervisor.start("one", [sys.executable, "-c", "print('here', flush=True); import time; time.sleep(600)"])
    assert until(lambda: written(supervisor.log("one")) == "here\n")

    killed = supervisor.kill("one")

    assert until(lambda: written(supervisor.log("one")) == "here\nhere\n")
    assert supervisor.pid("one") != killed
    assert supervisor.crashes("one") == 1
    assert lines == [f"one ended (SIGKILL); starting it again in 0.2 s. Log: {supervisor.log('one')}"]


def test_what_a_dead_child_left_in_its_session_goes_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    parent = "import subprocess, sys; p = subprocess.Popen(sys.argv[2:]); open(sys.argv[1], 'w').write(f'{p.pid}.')"
    supervisor.start("web", [sys.executable, "-c", parent, note, *SLEEP], restart=False)

    assert until(lambda: written(note).endswith("."))
    assert until(lambda: not is_there(int(written(note)[:-1])))


def test_children_stop_last_started_first_and_by_force_when_they_must(tmp_path: Path, lines: list[str]) -> None:
    order = tmp_path / "order"
    polite = (
        "import signal, sys, time\n"
        "def stop(*_): open(sys.argv[1], 'a').write(sys.argv[2]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, stop); print('ready', flush=True); time.sleep(600)"
    )
    stubborn = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
    )
    with Supervisor(tmp_path / "home", say=lines.append) as supervisor:
        for name in ("a", "b"):
            supervisor.start(name, [sys.executable, "-c", polite, order, name])
        supervisor.start("c", [sys.executable, "-c", stubborn], stop_seconds=0.2)
        assert until(lambda: [written(supervisor.log(name)) for name in "abc"] == ["ready\n"] * 3)
        pids = [supervisor.pid(name) for name in "abc"]

    assert written(order) == "ba"
    assert lines == ["c does not stop by itself; killing it."]
    assert [is_there(pid) for pid in pids] == [False, False, False]


def test_two_supervisors_in_one_folder_are_one_too_many(supervisor: Supervisor) -> None:
    with pytest.raises(Busy, match="already running in"):
        Supervisor(supervisor.home)


def test_the_next_start_ends_what_was_left_but_no_stranger(tmp_path: Path, lines: list[str]) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    left = subprocess.Popen(SLEEP, start_new_session=True)
    stranger = subprocess.Popen(SLEEP, start_new_session=True)
    try:
        assert until(lambda: sweep.is_alive(left.pid, SLEEP) and sweep.is_alive(stranger.pid, SLEEP))
        sweep.remember(folder, "worker", pid=left.pid, argv=SLEEP, stop_signal=signal.SIGTERM)
        sweep.remember(folder, "web", pid=stranger.pid, argv=["granian"], stop_signal=signal.SIGTERM)

        with Supervisor(tmp_path, say=lines.append):
            assert left.wait(5) == -signal.SIGTERM
            assert stranger.poll() is None
    finally:
        left.kill()
        stranger.kill()
        left.wait()
        stranger.wait()
    assert lines == [f"Ended worker (process {left.pid}), left over from an earlier start."]
    assert list(folder.glob("*.json")) == []


def test_a_child_that_cannot_start_is_told_with_the_end_of_its_log(supervisor: Supervisor) -> None:
    supervisor.start("web", [sys.executable, "-c", "raise SystemExit('no such setting')"], restart=False)

    with pytest.raises(Unstarted, match="no such setting"):
        supervisor.wait("web", lambda: False)


def test_wait_http_wants_an_answer_from_its_own_child(supervisor: Supervisor, tmp_path: Path) -> None:
    port = ports.any_free_port()
    words = [sys.executable, "-m", "http.server", port, "--bind", "127.0.0.1", "--directory", tmp_path]
    supervisor.start("web", [str(word) for word in words])

    assert supervisor.wait_http(f"http://127.0.0.1:{port}/") == 200
    supervisor.stop("web")
    with pytest.raises(Unstarted):
        supervisor.wait_http(f"http://127.0.0.1:{port}/", seconds=0.2)


def test_restart_is_a_new_process_and_no_crash(supervisor: Supervisor) -> None:
    supervisor.start("one", SLEEP)
    before = supervisor.pid("one")

    supervisor.restart("one")

    assert supervisor.pid("one") != before
    assert supervisor.crashes("one") == 0
    assert not is_there(before)
