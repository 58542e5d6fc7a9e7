"""The demo's stage: the rehearsal's, with a shop that is kept, ports that stay the same, and a clock that goes over to
wall time for good when the prologue has been played.
"""

import hashlib
import json
import secrets
import sys
from dataclasses import asdict, replace

from django.conf import settings

from apps.core.ports import kept_port
from apps.core.runtime import Runtime, heartbeat, manage_py, web_argv
from apps.sandbox.demo import goods
from apps.sandbox.demo.baskets import MARKET
from apps.sandbox.demo.prologue import Prologue
from apps.sandbox.rehearsal.stage import Cast, Control, Stage

USER = "demo"
PLAIN_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
HASTE = 240  # what takes a parcel an hour takes it 15 s
PROLOGUE_SWEEP_SECONDS = 0.05
POLL_MINUTES = 60  # seldom, so that a night by hand has something to find
NAMES = {
    "shopify": "自社サイト", "csv": "くらし市場", "csv:warehouse": "倉庫", "stripe": "Stripe",
    "shipengine": "ShipEngine", "smtp": "注文メール",
}  # fmt: skip
_RUNS_WITHOUT_CLOCK = ("KUROGO_CLOCK_FILE", "KUROGO_SWEEP_SECONDS", "KUROGO_POLL_MINUTES")


class DemoStage(Stage):
    """Everything that runs in a demo. With a `prologue` business time is the clock file's until `go_live`."""

    def __init__(self, runtime: Runtime, prologue: Prologue | None) -> None:
        start = prologue.start if prologue else None
        super().__init__(runtime, MARKET, seed=None, start=start, sweep_seconds=PROLOGUE_SWEEP_SECONDS)
        runtime.env["KUROGO_DEMO"] = "1"
        if prologue is None:
            self._leave_the_clock()

    def go_live(self) -> None:
        """The programs that were driven end; those that start from here on live by the wall clock."""
        self.runtime.say("Three days are over; from here on time goes by itself")
        with heartbeat(self.runtime.say, "ending what was driven"):
            for name in ("sandbox", "worker", "web"):
                self.runtime.supervisor.stop(name)
        self._leave_the_clock()
        self.start_sandbox()
        self.meet_sandbox()

    def _leave_the_clock(self) -> None:
        for name in _RUNS_WITHOUT_CLOCK:
            self.runtime.env.pop(name, None)
        self.runtime.env["KUROGO_POLL_MINUTES"] = str(POLL_MINUTES)
        self.drive = None

    # Going up

    def start_sandbox(self) -> None:
        """The stand-ins on the port of last time, calm: what goes wrong in a demo is told by name. They need nothing of
        ours, so they come up while something else does; `meet_sandbox` waits for them.
        """
        port = kept_port(self.home / "sandbox.port")
        self.control = Control(port, self.token)
        words = [sys.executable, "-m", "apps.sandbox.server", "--port", str(port), "--data", str(self.world.parent)]
        words += ["--calm"] if self.drive else ["--calm", "--haste", str(HASTE)]
        self.runtime.supervisor.start("sandbox", words, self.runtime.env)

    def meet_sandbox(self) -> None:
        """Wait until the stand-ins answer; the programs that start from here on may reach them, and only them."""
        with heartbeat(self.runtime.say, "starting the sandbox", log=self.runtime.supervisor.log("sandbox")):
            self.runtime.supervisor.wait("sandbox", self.control.is_up, seconds=60)
        here = f"127.0.0.1:{self.control.port}"
        self.runtime.env["KUROGO_SANDBOX"] = f"http://{here}"
        peers = [here, *self.control.tell("status")["addresses"].values()]
        self.runtime.env["KUROGO_PRIVATE_PEERS"] = ",".join(peers)

    def migrate(self) -> None:
        """Bring the database's shape up to date; where no line of ours has changed since, there is nothing to do."""
        stamp = self.home / "migrated"
        present = _version_of_ourselves()
        if not (stamp.exists() and stamp.read_text() == present):
            stamp.unlink(missing_ok=True)
            self.runtime.say("Bringing the database up to date")
            self.runtime.migrate()
            stamp.write_text(present)

    def make_demo_shop(self) -> None:
        """Company, catalogue, connections and sign-in by a child that has the database; nothing to do where they stand
        as they should.
        """
        cast = self.cast()
        wanted = {
            "shop": {
                "company": goods.COMPANY, "registration_number": goods.REGISTRATION_NUMBER, "brand": goods.SHOP,
                "currency": goods.CURRENCY, "locale": "ja", "mail_from": "shop@example.com",
                "ship_from": goods.SHIP_FROM, "ships_by_itself": True,
            },
            "warehouse": goods.WAREHOUSE,
            "goods": goods.cards(),
            "person": {"name": USER, "password": self.password(), "email": "demo@example.com"},
            "connections": [
                {key: value for key, value in asdict(one).items() if key not in ("hook", "lane")} for one in cast
            ],
        }  # fmt: skip
        note, made = self.home / "shop.json", self.home / "shop.made.json"
        text = json.dumps(wanted)
        if not (made.exists() and note.exists() and note.read_text() == text):
            self.runtime.say("Making the shop")
            made.unlink(missing_ok=True)
            note.touch(mode=0o600)
            note.write_text(text)
            self.runtime.manage("demo_shop", str(note), str(made))
        self.connections = json.loads(made.read_text())

    def tell_hooks(self) -> None:
        """The stand-ins learn where the product will listen, before it does: what they have to say waits for it."""
        self.web = f"http://127.0.0.1:{self._port}/"
        self.connect_hooks()

    def start_web(self) -> None:
        """The web server comes up while something else does; `meet_web` waits for it."""
        words = web_argv(host="127.0.0.1", port=self._port)
        self.runtime.supervisor.start("web", words, self.runtime.env)

    def meet_web(self) -> None:
        """Wait until the address answers."""
        with heartbeat(self.runtime.say, "starting the web server", log=self.runtime.supervisor.log("web")):
            self.runtime.supervisor.wait_http(f"http://127.0.0.1:{self._port}/", name="web")

    def start_trading(self) -> None:
        """Beat, and the world outside: customers, carriers and the packer."""
        self.runtime.start_beat()
        words = [*manage_py(), "demo_trade", str(self.home / "trading.json")]
        self.runtime.supervisor.start("trading", words, self.runtime.env)

    @property
    def _port(self) -> int:
        return int(self.runtime.env["PUBLIC_ADDRESS"].rpartition(":")[2])

    def cast(self) -> list[Cast]:
        """The rehearsal's connections under the names of this shop."""
        return [self._as_here(one) for one in super().cast()]

    def _as_here(self, one: Cast) -> Cast:
        told = dict(one.settings)
        if one.hook == "smtp":
            told["sender"] = goods.SENDER
        if one.hook == "shipengine":
            told["ship_from"] = goods.SHIP_FROM
        return replace(one, name=NAMES[one.hook], settings=told)

    def password(self) -> str:
        """The demo's password, made once; about 59 bits."""
        path = self.home / "secrets" / "password"
        if not path.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text("-".join("".join(secrets.choice(PLAIN_SIGNS) for _ in range(4)) for _ in range(3)))
        return path.read_text()


def _version_of_ourselves() -> str:
    """Changes whenever a file of the program does."""
    root = settings.BASE_DIR
    files = [root / "requirements.txt", *sorted(root.glob("apps/**/*.py")), *sorted(root.glob("config/*.py"))]
    facts = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()
