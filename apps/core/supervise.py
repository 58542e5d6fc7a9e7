"""Programs that run beside ours: started, watched, started again, stopped in order; none of them outlives its
supervisor.

On Linux the kernel ends the children when the supervisor dies (see tether.py); everywhere the next start sweeps what
a killed supervisor left, by the notes in `run/`. One supervisor per folder: a lock on `run/lock` says so and goes
with the process.
"""

import contextlib
import fcntl
import http.client
import os
import queue
import signal
import subprocess
import threading
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from apps.core.spawn import spawn
from apps.core.sweep import forget, remember, sweep

BACK_OFF = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before each next start of a child that keeps crashing
STEADY_SECONDS = 20.0  # a child that ran this long starts again with the first wait
LOG_BYTES = 10 * 1024 * 1024
T = TypeVar("T")


class Unstarted(Exception):
    """A child did not come up; the message is one sentence followed by the end of its log."""


class Busy(Exception):
    """Another supervisor is at work in the same folder."""


@dataclass
class Child:
    """One supervised program and what became of it."""

    name: str
    argv: tuple[str, ...]
    env: dict[str, str]
    account: tuple[int, int] | None  # uid and gid to run as; None: ours
    stop_signal: int
    death_signal: int
    stop_seconds: float
    restart: bool
    before_start: Callable[[], None] | None
    process: subprocess.Popen[bytes] | None = None
    is_wanted: bool = True
    crashes: int = 0  # in a row
    started_at: float = 0.0
    next_start_at: float = field(default=0.0)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs named children below `home`: logs in `home/log/NAME.log`, notes for the sweep in `home/run`.

    A thread of its own starts and watches all children: the kernel ties a child's life to the *thread* that started
    it, so the callers' threads may come and go. `say` gets short lines for the terminal. Usable as a context manager.
    """

    def __init__(self, home: Path, *, say: Callable[[str], None] = print) -> None:
        self.home = home.resolve()
        self._say = say
        for folder in (self.home / "log", self.home / "run"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = self._take_lock()
        self._children: dict[str, Child] = {}
        for line in sweep(self.home / "run"):
            self.say(line)
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop_all()

    # What callers ask for

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        *,
        account: tuple[int, int] | None = None,
        stop_signal: int = signal.SIGTERM,
        death_signal: int | None = None,
        stop_seconds: float = 10.0,
        restart: bool = True,
        before_start: Callable[[], None] | None = None,
    ) -> None:
        """Start `argv` as the child `name`, with exactly `env` (None: our environment).

        `stop_signal` is the polite one; after `stop_seconds` SIGKILL follows. `death_signal` is what the kernel sends
        when we die (default: the polite one). `before_start` runs before each start, also those after a crash.
        """
        child = Child(
            name=name,
            argv=tuple(str(word) for word in argv),
            env=dict(os.environ if env is None else env),
            account=account,
            stop_signal=stop_signal,
            death_signal=death_signal or stop_signal,
            stop_seconds=stop_seconds,
            restart=restart,
            before_start=before_start,
        )
        self._ask(lambda: self._adopt(child))

    def kill(self, name: str, signal_number: int = signal.SIGKILL) -> int:
        """Send a signal to a child (SIGKILL: with everything in its session) and return its pid. It counts as a
        crash.
        """
        process = self._running(name)
        if signal_number == signal.SIGKILL:
            _kill_session(process.pid)
        else:
            process.send_signal(signal_number)
        return process.pid

    def stop(self, name: str) -> None:
        """Stop a child politely, then by force; it is not started again."""
        child = self._children[name]
        child.is_wanted = False
        self._ask(lambda: self._end(child))

    def restart(self, name: str) -> None:
        """Stop a child and start it anew with the same words."""
        self.stop(name)
        child = self._children[name]
        self._ask(lambda: self._spawn(child))
        child.is_wanted, child.crashes = True, 0

    def stop_all(self) -> None:
        """Stop all children, the last started first, and give the folder back. A second call does nothing."""
        if self._lock is None:
            return
        self._ask(self._end_all)
        self._jobs.put(None)
        self._thread.join()
        os.close(self._lock)
        self._lock = None

    def say(self, line: str) -> None:
        """A short line for the terminal; a terminal that is gone is no reason to fail."""
        with contextlib.suppress(OSError, ValueError):
            self._say(line)

    def pid(self, name: str) -> int:
        return self._running(name).pid

    def is_running(self, name: str) -> bool:
        return name in self._children and self._children[name].is_running()

    def crashes(self, name: str) -> int:
        """How often the child ended by itself since it last ran steadily."""
        return self._children[name].crashes

    def log(self, name: str) -> Path:
        return self.home / "log" / f"{name}.log"

    def wait(self, name: str, is_ready: Callable[[], bool], *, seconds: float = 60.0, crashes: int = 3) -> None:
        """Return once `is_ready()`; `Unstarted` with the end of the log after `seconds`, or when `name` crashed
        `crashes` times.
        """
        until = time.monotonic() + seconds
        child = self._children[name]
        while not (child.is_running() and is_ready()):  # else a stranger answers on its port
            if child.crashes >= crashes or not (child.restart or child.is_running()):
                raise Unstarted(f"{name} does not start; its log ({self.log(name)}) ends with:\n{tail(self.log(name))}")
            if time.monotonic() > until:
                raise Unstarted(
                    f"{name} is not ready after {seconds:.0f} s; its log ends with:\n{tail(self.log(name))}"
                )
            time.sleep(0.05)

    def wait_http(self, url: str, *, name: str = "web", seconds: float = 60.0) -> int:
        """Wait until `url` (plain http on loopback) answers anything below 500 and return that status."""
        seen: list[int] = []

        def answers() -> bool:
            status = http_status(url)
            seen.append(status)
            return 0 < status < 500

        self.wait(name, answers, seconds=seconds)
        return seen[-1]

    def run_until_signal(self) -> None:
        """Block until SIGINT, SIGTERM or SIGHUP, then stop all children. Main thread only."""
        with until_signal() as told:
            told.wait()
            self.say("Stopping …")
            self.stop_all()

    # The supervising thread

    def _ask(self, job: Callable[[], T]) -> T:
        if self._lock is None:
            raise RuntimeError("this supervisor has stopped")
        answer: Future[T] = Future()
        self._jobs.put((answer, job))
        return answer.result()

    def _watch(self) -> None:
        while True:
            try:
                asked = self._jobs.get(timeout=0.1)
            except queue.Empty:
                for child in list(self._children.values()):
                    self._look_after(child)
                continue
            if asked is None:
                return
            answer, job = asked
            try:
                answer.set_result(job())
            except BaseException as error:
                answer.set_exception(error)

    def _look_after(self, child: Child) -> None:
        if not child.is_wanted or child.is_running():
            return
        now = time.monotonic()
        if child.process is not None:
            code = child.process.returncode
            _kill_session(child.process.pid)  # what its death left in its session, such as a web server's workers
            forget(self.home / "run", child.name)
            child.process = None
            child.crashes = 1 if now - child.started_at > STEADY_SECONDS else child.crashes + 1
            pause = BACK_OFF[min(child.crashes, len(BACK_OFF)) - 1]
            child.next_start_at = now + pause
            again = f"starting it again in {pause:g} s" if child.restart else "it is not started again"
            self.say(f"{child.name} ended ({_reason(code)}); {again}. Log: {self.log(child.name)}")
        if child.restart and now >= child.next_start_at:
            try:
                self._spawn(child)
            except Exception as error:
                child.crashes += 1
                child.next_start_at = now + BACK_OFF[min(child.crashes, len(BACK_OFF)) - 1]
                self.say(f"{child.name} cannot be started: {error}")

    def _adopt(self, child: Child) -> None:
        if self.is_running(child.name):
            raise ValueError(f"{child.name} runs already")
        self._spawn(child)
        self._children[child.name] = child

    def _spawn(self, child: Child) -> None:
        if child.before_start is not None:
            child.before_start()
        log = self.log(child.name)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        child.process = spawn(child.argv, child.env, account=child.account, death_signal=child.death_signal, log=log)
        child.started_at = time.monotonic()
        remember(self.home / "run", child.name, pid=child.process.pid, argv=child.argv, stop_signal=child.stop_signal)

    def _end_all(self) -> None:
        for child in self._children.values():
            child.is_wanted = False
        for child in reversed(self._children.values()):
            self._end(child)

    def _end(self, child: Child) -> None:
        process = child.process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(child.stop_signal)
            try:
                process.wait(child.stop_seconds)
            except subprocess.TimeoutExpired:
                self.say(f"{child.name} does not stop by itself; killing it.")
        _kill_session(process.pid)
        process.wait()
        child.process = None
        forget(self.home / "run", child.name)

    def _running(self, name: str) -> subprocess.Popen[bytes]:
        process = self._children[name].process
        if process is None or process.poll() is not None:
            raise ProcessLookupError(f"{name} does not run")
        return process

    def _take_lock(self) -> int | None:
        lock = os.open(self.home / "run" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise Busy(
                f"Kurogo is already running in {self.home}; stop it first, or set KUROGO_DATA to another folder."
            ) from None
        return lock


def stop_signals() -> list[signal.Signals]:
    """What ends a command in a terminal: Ctrl-C, a polite kill, and a closed terminal unless nohup said otherwise."""
    hang_up = [] if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hang_up]


@contextlib.contextmanager
def until_signal() -> Iterator[threading.Event]:
    """An event that SIGINT, SIGTERM and SIGHUP set while the context lasts; their former answers come back
    afterwards.
    """
    told = threading.Event()

    def answer(_number: int, _frame: types.FrameType | None) -> None:
        told.set()

    before = {number: signal.signal(number, answer) for number in stop_signals()}
    try:
        yield told
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def http_status(url: str, *, seconds: float = 5.0) -> int:
    """The status of a GET on loopback, 0 when nothing answers. Redirects are not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=seconds)
    try:
        connection.request("GET", parts.path or "/", headers={"Host": parts.netloc})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def tail(path: Path, *, lines: int = 12) -> str:
    """The last lines of a log, indented, or a dash."""
    text = path.read_text(errors="replace").rstrip() if path.exists() else ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:]) or "    -"


def _kill_session(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _reason(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
