"""A stage for a shop: services, stand-ins, web and worker of its own in one folder, and one clock that all of them read.

Nothing of it touches the merchant's installation: folder, database, broker, ports and secrets are the stage's own.
"""

import http.client
import json
import os
import secrets
import signal
import sys
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from apps.core import clock
from apps.core.ports import any_free_port
from apps.core.runtime import Runtime, worker_argv
from apps.sandbox.market import Market

FIRST_WEB_PORT = 8400
SELLERS = ("shopify", "csv")  # channels: they sell, show stock and are told what to show
HONEST = (*SELLERS, "woocommerce", "amazon", "rakuten", "vendure")  # those that can sell no more than they show
PROGRAMS = ("web", "worker", "worker-2", "beat", "sandbox", "postgres", "valkey")
CARRIERS = {  # country -> account of the ShipEngine stand-in, service, sender
    "JP": ("se-100001", "japan_post_yu_pack"),
    "GB": ("se-100002", "royal_mail_tracked_48"),
}
SENDERS = {
    "JP": {
        "name": "黒子商店", "country": "JP", "postal_code": "150-0001", "region": "東京都", "city": "渋谷区",
        "line1": "神宮前1-1-1", "phone": "03-0000-0000",
    },
    "GB": {
        "name": "The Stagehand Shop", "country": "GB", "postal_code": "EX1 1AB", "city": "Exeter", "line1": "1 Mill Lane",
        "phone": "01392 000000",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cast:
    """Which connection listens to which hook of the sandbox, what it is called in the shop and what it is told."""

    hook: str
    connector: str
    name: str
    lane: str = "main"
    settings: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Honesty:
    """How channels behave that sell only what they show: how late their orders and numbers may be, how often they are asked,
    from how few units on an article is leased, and how finely the day goes (sales of one step come at its end, at once).
    """

    lag_minutes: int = 15
    poll_minutes: int = 30
    lease_below: int = 0
    step_minutes: int = 10


class Control:
    """The sandbox's control address; one kept connection."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token
        self._line: http.client.HTTPConnection | None = None

    def tell(self, path: str, args: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call; raises `ControlRefused` with the sandbox's words."""
        body = orjson.dumps(args or {})
        headers = {"X-Sandbox-Token": self.token, "Content-Type": "application/json"}
        for attempt in (1, 2):
            line = self._line or http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            self._line = line
            try:
                line.request("POST", f"/control/{path}", body, headers)
                answer = line.getresponse()
                told = answer.read()
            except (OSError, http.client.HTTPException):
                line.close()
                self._line = None
                if attempt == 2:
                    raise
                continue
            if answer.status != 200:
                raise ControlRefused(f"{path}: {answer.status} {told.decode(errors='replace')[:500]}")
            return orjson.loads(told)  # type: ignore[no-any-return]
        raise AssertionError

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            self.tell("status")
        except (OSError, http.client.HTTPException, ControlRefused):
            return False
        return True


class ControlRefused(Exception):
    """The sandbox would not do what it was told."""


class Stage:
    """Everything that runs. `seed=None`: the vendors behave. `now=None`: business time is wall time."""

    def __init__(
        self, runtime: Runtime, market: Market, *, seed: int | None, start: datetime | None, sweep_seconds: float,
        honesty: Honesty | None = None,
    ) -> None:  # fmt: skip
        self.runtime = runtime
        self.honesty = honesty
        self.market = market
        self.seed = seed
        self.home = runtime.home
        self.world = self.home / "sandbox" / "world.sqlite"
        self.drive = clock.Drive(self.home / "clock", start) if start else None
        self.token = self._kept("sandbox.token")
        self.web = ""
        self.connections: dict[str, str] = {}
        self.control = Control(0, self.token)
        env = runtime.env
        env["KUROGO_TIME_ZONE"] = str(market.zone)
        env["KUROGO_COUNTRY"] = market.country
        env["KUROGO_SANDBOX_TOKEN"] = self.token
        env["KUROGO_SWEEP_SECONDS"] = str(sweep_seconds)
        if start:  # notices and a poll of the same hour would race for who is first; the poll has midnight to itself
            env["KUROGO_POLL_MINUTES"] = str(honesty.poll_minutes if honesty else 24 * 60)
        env["PYTHONPATH"] = str(settings.BASE_DIR)
        if self.drive:
            env["KUROGO_CLOCK_FILE"] = str(self.drive.path)
        else:
            env.pop("KUROGO_CLOCK_FILE", None)

    # Going up

    def start_sandbox(self) -> None:
        """Start the stand-ins and let the product's programs reach them, and only them, on loopback."""
        port = any_free_port()
        self.control = Control(port, self.token)
        words = [sys.executable, "-m", "apps.sandbox.server", "--port", str(port), "--data", str(self.world.parent)]
        words += ["--calm"] if self.seed is None else ["--seed", str(self.seed)]
        self.runtime.supervisor.start("sandbox", words, self.runtime.env)
        self.runtime.supervisor.wait("sandbox", self.control.is_up, seconds=30)
        self.runtime.env["KUROGO_SANDBOX"] = f"http://127.0.0.1:{port}"
        peers = [f"127.0.0.1:{port}", *self.control.tell("status")["addresses"].values()]
        self.runtime.env["KUROGO_PRIVATE_PEERS"] = ",".join(peers)

    def make_shop(self, *, company: str, brand: str, locale: str) -> None:
        """Company, warehouse and connections, made by a child that has the database; safe to repeat."""
        cast = self.cast()
        note, made = self.home / "shop.json", self.home / "shop.made.json"
        wanted = {
            "shop": {
                "company": company, "brand": brand, "currency": self.market.currency, "locale": locale,
                "mail_from": "shop@example.com", "ship_from": SENDERS[self.market.country], "ships_by_itself": True,
                "lease_below": self.honesty.lease_below if self.honesty else 0,
            },
            "connections": [
                {key: value for key, value in asdict(one).items() if key not in ("hook", "lane")}
                | (self._times() if one.hook in HONEST else {})
                for one in cast
            ],
        }  # fmt: skip
        note.touch(mode=0o600)
        note.write_text(json.dumps(wanted))
        self.runtime.manage("sandbox_shop", str(note), str(made))
        self.connections = json.loads(made.read_text())

    def _times(self) -> dict[str, int]:
        """How late a channel may be, as the merchant would tell the product; a minute more than it is."""
        late = self.honesty.lag_minutes + 1 if self.honesty else None
        return {"order_lag_minutes": late, "settles_minutes": late} if late else {}

    def connect_hooks(self) -> None:
        """Tell the stand-ins where the product listens and what they sign with. The web's port must be chosen."""
        hooks = {
            one.hook: {"url": f"{self.web}hooks/{self.connections[one.name]}/", "lane": one.lane} | one.secrets
            for one in self.cast()
        }
        self.control.tell("hooks", hooks)

    def start_programs(self, *, workers: int = 1) -> None:
        """Worker (or several, each with a slot of its own), beat and web."""
        port = self.runtime.choose_port(FIRST_WEB_PORT)
        self.runtime.start_worker()
        for number in range(2, workers + 1):
            env = self.runtime.env | {"KUROGO_WORKER": f"slot-{number}"}
            words = worker_argv(broker=env.get("BROKER_URL", ""))
            self.runtime.supervisor.start(f"worker-{number}", words, env, death_signal=signal.SIGKILL)
        self.runtime.start_beat()
        self.web = self.runtime.start_web(port=port).replace("localhost", "127.0.0.1")

    def cast(self) -> list[Cast]:
        """The connections of the shop, with the stand-ins' addresses as they are now and secrets kept with the stage."""
        port, country = self.control.port, self.market.country
        base = f"http://127.0.0.1:{port}"
        carrier, service = CARRIERS[country]
        status = self.control.tell("status")
        smtp_host, _, smtp_port = status["addresses"]["smtp"].rpartition(":")
        files = {
            "currency": self.market.currency, "time_zone": str(self.market.zone), "default_country": country,
            "prices_include_tax": True,
        }  # fmt: skip
        account = self.control.tell("shipengine/account")
        jwks = self.control.tell("shipengine/public_key")["jwks"]
        location = self.control.tell("shopify/setup", {"currency": self.market.currency})["location_id"]
        return [
            *(self._more_sellers(base) if self.honesty else ()),
            Cast(
                "shopify", "shopify", "Web shop", "main", {"shop_url": f"{base}/shopify", "location_id": location},
                {"access_token": self._kept("shopify.token"), "webhook_secret": self._kept("shopify.secret")},
            ),
            Cast(
                "csv", "csv", "Marketplace", "main", files | {"base_url": f"{base}/csv/shop"},
                {"token": self._kept("csv.token"), "push_secret": self._kept("csv.secret")},
            ),
            Cast(
                "csv:warehouse", "csv", "Warehouse", "main", files | {"base_url": f"{base}/csv/warehouse"},
                {"token": self._kept("warehouse.token"), "push_secret": self._kept("warehouse.secret")},
            ),
            Cast(
                "stripe", "stripe", "Stripe", "money", {"api_base": f"{base}/stripe"},
                {"api_key": "sk_test_" + self._kept("stripe.key"), "webhook_secret": "whsec_" + self._kept("stripe.secret")},
            ),
            Cast(
                "shipengine", "shipengine", "Carrier", "parcels",
                {
                    "base_url": f"{base}/shipengine", "carrier_ids": [carrier], "default_service": service,
                    "ship_from": SENDERS[country], "jwks": jwks,
                },
                {"api_key": account["api_key"]},
            ),
            Cast(
                "smtp", "smtp", "Mail", "mail",
                {
                    "host": smtp_host, "port": int(smtp_port), "security": "none",
                    "sender": "The Stagehand Shop <shop@example.com>",
                },
                {},
            ),
        ]  # fmt: skip

    def _more_sellers(self, base: str) -> list[Cast]:
        """The channels that only a rehearsal of promises plays."""
        currency = self.market.currency
        self.control.tell("woocommerce/setup", {"currency": currency, "prices_include_tax": "yes"})
        self.control.tell("vendure/setup", {"currency": currency, "prices_include_tax": "true"})
        shop_key, shop_secret = f"ck_{self._kept('woo.key')}", f"cs_{self._kept('woo.secret')}"
        return [
            Cast(
                "woocommerce", "woocommerce", "Second shop", "main",
                {"shop_url": f"{base}/woocommerce"},
                {"consumer_key": shop_key, "consumer_secret": shop_secret, "webhook_secret": self._kept("woo.hook")},
            ),
            Cast(
                "amazon", "amazon", "Amazon", "main",
                {
                    "api_url": f"{base}/amazon", "token_url": f"{base}/amazon/auth/o2/token", "client_id": "kurogo",
                    "seller_id": "A3SANDBOX", "currency": currency, "pace": 0,
                },
                {
                    "client_secret": self._kept("amazon.secret"), "refresh_token": self._kept("amazon.token"),
                    "hook_key": self._kept("amazon.hook"),
                },
            ),
            Cast(
                "rakuten", "rakuten", "Rakuten", "main",
                {"base_url": f"{base}/rakuten", "calls_a_second": 0, "currency": currency},
                {"service_secret": self._kept("rakuten.secret"), "license_key": self._kept("rakuten.key")},
            ),
            Cast(
                "vendure", "vendure", "Vendure shop", "main", {"api_url": f"{base}/vendure/admin-api"},
                {"api_key": self._kept("vendure.key")},
            ),
        ]  # fmt: skip

    def _kept(self, name: str) -> str:
        """A secret of the stage, made once."""
        path = self.home / "secrets" / name
        if not path.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(16))
        return path.read_text()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a stage has cost so far: the largest resident set of any of its Python processes in MiB, and CPU seconds by
    program. Both are 0 where the system does not tell (it has no /proc).
    """

    peak_memory_mb: int
    cpu_seconds: dict[str, float]


def cost_of(stage: Stage) -> Cost:
    """Look at every process of the stage, and at this one."""
    supervisor = stage.runtime.supervisor
    names = {supervisor.pid(name): name for name in PROGRAMS if supervisor.is_running(name)}
    names[os.getsid(0)] = "driver"
    peak, cpu = 0, dict.fromkeys(("driver", *PROGRAMS), 0.0)
    for path in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (path / "stat").read_text().rpartition(")")[2].split()
            name = names.get(int(after_name[3]), "")
            if not name or (name == "driver" and path.name != str(os.getpid())):
                continue
            cpu[name] += sum(int(ticks) for ticks in after_name[11:15]) / os.sysconf("SC_CLK_TCK")
            if b"python" in (path / "cmdline").read_bytes().split(b"\0")[0]:
                peak = max(peak, _peak_kb(path / "status"))
        except (OSError, ValueError, IndexError, StopIteration):
            continue  # it ended while we looked
    return Cost(peak // 1024, cpu)


def _peak_kb(status: Path) -> int:
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])
