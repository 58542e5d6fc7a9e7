"""A label seller and its carriers: it sells a label for every request that asks for one, and counts them by reference.

As at the vendor, a second request with the same `external_shipment_id` is a second label, so that buying twice shows. A
parcel is accepted on the day of purchase, under way a day later and delivered after two; by plan one is attempted first
or delayed. Notices are signed with the key of the oracle's file when they leave.
"""

import base64
import json
import sqlite3
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import unquote

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from apps.core import clock
from apps.sandbox import shipengine_words as words
from apps.sandbox.world import Answer, Ask, Notice, Standin, micros, moment

API_KEY = "TEST_sandbox_key"
KEY_BITS = 2048
_NUMBERS = msgspec.json.Encoder(decimal_format="number")


class ShipEngineStandin(Standin):
    """Tables: every label sold, and each step of its parcel."""

    slug = "shipengine"
    schema = """
    CREATE TABLE IF NOT EXISTS shipengine_label (
        seq INTEGER PRIMARY KEY, reference TEXT NOT NULL, order_number TEXT NOT NULL, carrier_id TEXT NOT NULL,
        service_code TEXT NOT NULL, tracking_number TEXT NOT NULL DEFAULT '', cost TEXT NOT NULL,
        currency TEXT NOT NULL, ship_to TEXT NOT NULL, ship_from TEXT NOT NULL, package TEXT NOT NULL,
        lines TEXT NOT NULL, ship_date TEXT NOT NULL, at INTEGER NOT NULL, voided_at INTEGER);
    CREATE INDEX IF NOT EXISTS shipengine_label_reference ON shipengine_label (reference);
    CREATE INDEX IF NOT EXISTS shipengine_label_number ON shipengine_label (tracking_number);
    CREATE TABLE IF NOT EXISTS shipengine_step (
        seq INTEGER PRIMARY KEY, label INTEGER NOT NULL, at INTEGER NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS shipengine_step_label ON shipengine_step (label);
    CREATE TABLE IF NOT EXISTS shipengine_key (id TEXT NOT NULL, pem BLOB NOT NULL);
    """
    faults = {"attempted": 0.03, "delayed": 0.02}
    effects = {"label.buy": "SELECT reference, count(*) FROM shipengine_label GROUP BY reference"}

    # The vendor's side

    def handle(self, ask: Ask) -> Answer:
        """The vendor's paths under /v1, and /jwks."""
        if ask.method == "GET" and ask.path == "/jwks":
            return Answer(200, self.jwks)
        key = self.world.hooks.get(self.slug, {}).get("api_key", API_KEY)
        if ask.headers.get("api-key") != key:
            return _error(
                401,
                "security",
                "unauthorized",
                "The API key is invalid. Please see https://www.shipengine.com/docs/auth",
            )
        parts = [unquote(part) for part in ask.path.strip("/").split("/")]
        match (ask.method, *parts):
            case ("GET", "v1", "carriers"):
                return _ok(words.carriers())
            case ("POST", "v1", "rates"):
                return self._with_body(ask, self._rates)
            case ("POST", "v1", "labels"):
                return self._with_body(ask, self._buy)
            case ("GET", "v1", "labels", "external_shipment_id", reference):
                row = self._first("reference = ?", reference)
                return self._shown(row) if row else _not_found(f"No label with the external shipment id {reference}")
            case ("GET", "v1", "labels", label_id):
                row = self._label(label_id)
                return self._shown(row) if row else _not_found(f"No label {label_id}")
            case ("PUT", "v1", "labels", label_id, "void"):
                row = self._label(label_id)
                return self._void(row) if row else _not_found(f"No label {label_id}")
            case ("GET", "v1", "labels", label_id, "track"):
                row = self._label(label_id)
                return _ok(self._tracked(row)) if row else _not_found(f"No label {label_id}")
            case ("GET", "v1", "tracking"):
                row = self._first("tracking_number = ?", ask.query.get("tracking_number", ""))
                return _ok(self._tracked(row)) if row else _not_found("Tracking number not found")
        return _not_found(f"No {ask.method} {ask.path}")

    def thing_of(self, ask: Ask) -> str:
        """A purchase is about its reference, whatever day is written in it."""
        if (ask.method, ask.path) == ("POST", "/v1/labels"):
            try:
                return f"label:{ask.json()['shipment']['external_shipment_id']}"
            except (ValueError, KeyError, TypeError):
                pass
        return super().thing_of(ask)

    def _with_body(self, ask: Ask, answer: Callable[[dict[str, Any]], Answer]) -> Answer:
        try:
            return answer(json.loads(ask.body, parse_float=Decimal))
        except (ValueError, KeyError, TypeError, AttributeError, LookupError) as error:
            return _error(400, "validation", "invalid_field_value", f"{type(error).__name__}: {error}")

    def _rates(self, body: dict[str, Any]) -> Answer:
        shipment, options = body["shipment"], body["rate_options"]
        problem = words.problem_of(shipment)
        if problem:
            return _error(400, "validation", "field_value_required", problem)
        number = self.db.execute("SELECT coalesce(max(seq), 0) FROM shipengine_label").fetchone()[0]
        found = words.rates(shipment, options["carrier_ids"], options.get("service_codes"))
        return _ok(words.rate_answer(shipment, found, shipment_id=f"se-{900_000_000 + number}", at=self.world.now()))

    def _buy(self, body: dict[str, Any]) -> Answer:
        shipment = body["shipment"]
        problem = words.problem_of(shipment)
        if problem:
            return _error(400, "validation", "field_value_required", problem)
        carrier = words.CARRIERS.get(shipment["carrier_id"])
        if carrier is None:
            return _error(400, "business_rules", "carrier_not_connected", f"No carrier {shipment['carrier_id']}")
        if shipment["service_code"] not in carrier.services:
            return _error(400, "validation", "invalid_field_value", f"No service {shipment['service_code']}")
        lines = {item["sku"]: item["quantity"] for item in shipment.get("items") or ()}
        reference, order = shipment.get("external_shipment_id") or "", shipment.get("external_order_id") or ""
        cost = carrier.price(shipment["service_code"], words.grams(shipment))
        self.db.execute(
            "INSERT INTO shipengine_label (reference, order_number, carrier_id, service_code, cost, currency, ship_to,"
            " ship_from, package, lines, ship_date, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                reference, order, shipment["carrier_id"], shipment["service_code"], str(cost), carrier.currency,
                _text(shipment["ship_to"]), _text(shipment["ship_from"]), _text(shipment["packages"][0]), _text(lines),
                shipment["ship_date"], micros(self.world.now()),
            ),
        )  # fmt: skip
        seq = self.db.execute("SELECT last_insert_rowid()").fetchone()[0]
        self.db.execute(
            "UPDATE shipengine_label SET tracking_number = ? WHERE seq = ?", (carrier.tracking_number(seq), seq)
        )
        self.world.log("parcel", reference=reference, order=order, lines=lines, label=f"se-{seq}")
        self._travel(seq, reference)
        row = self._first("seq = ?", seq)
        assert row is not None
        return self._shown(row)

    def _void(self, row: sqlite3.Row) -> Answer:
        if row["voided_at"]:
            said = "This label has already been voided"
            return _ok({"approved": False, "message": said, "reason_code": "label_already_voided"})
        steps = self.db.execute("SELECT count(*) FROM shipengine_step WHERE label = ?", (row["seq"],)).fetchone()[0]
        if steps:
            said = "This label has been used and cannot be voided"
            return _ok({"approved": False, "message": said, "reason_code": "label_already_used"})
        self.db.execute(
            "UPDATE shipengine_label SET voided_at = ? WHERE seq = ?", (micros(self.world.now()), row["seq"])
        )
        self.world.log("voided", reference=row["reference"], label=f"se-{row['seq']}")
        return _ok({"approved": True, "message": "Request for refund submitted. This label has been voided."})

    # The parcel's way

    def _travel(self, seq: int, reference: str) -> None:
        plan = self.world.plan
        steps = words.STEPS
        if plan.hits("attempted", f"shipengine:{reference}"):
            steps = words.STEPS_ATTEMPTED
        elif plan.hits("delayed", f"shipengine:{reference}"):
            steps = words.STEPS_DELAYED
        for hours, code, detail in steps:
            at = self.world.now() + timedelta(hours=hours) / self.world.haste
            self.world.later(self.slug, "step", {"label": seq, "code": code, "detail": detail}, at=at)

    def _step(self, seq: int, code: str, detail: str) -> bool:
        row = self._first("seq = ?", seq)
        if row is None or row["voided_at"]:
            return False
        self.db.execute(
            "INSERT INTO shipengine_step (label, at, code, detail) VALUES (?, ?, ?, ?)",
            (seq, micros(self.world.now()), code, detail),
        )
        carrier = words.CARRIERS[row["carrier_id"]].code
        number = row["tracking_number"]
        envelope = {
            "resource_url": f"https://api.shipengine.com/v1/tracking?carrier_code={carrier}&tracking_number={number}",
            "resource_type": "API_TRACK",
            "data": self._tracked(row),
        }
        self.world.notify(self.slug, "API_TRACK", _NUMBERS.encode(envelope), thing=f"parcel:{number}:{code}")
        return True

    def _tracked(self, row: sqlite3.Row) -> dict[str, Any]:
        steps = self.db.execute(
            "SELECT * FROM shipengine_step WHERE label = ? ORDER BY seq DESC", (row["seq"],)
        ).fetchall()
        return words.tracking(row, [(moment(step["at"]), step["code"], step["detail"]) for step in steps])

    # Signing

    @cached_property
    def _key(self) -> tuple[str, rsa.RSAPrivateKey]:
        """Made once a world, so that a connection's public keys stay true when the sandbox starts again."""
        row = self.db.execute("SELECT * FROM shipengine_key").fetchone()
        if row:
            key = serialization.load_pem_private_key(row["pem"], password=None)
            assert isinstance(key, rsa.RSAPrivateKey)
            return row["id"], key
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        key_id = str(uuid.uuid4())
        self.db.execute("INSERT INTO shipengine_key VALUES (?, ?)", (key_id, pem))
        return key_id, key

    @cached_property
    def jwks(self) -> dict[str, Any]:
        """The public half, as the vendor serves it."""
        key_id, key = self._key
        numbers = key.public_key().public_numbers()
        return {
            "keys": [
                {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id, "n": _b64(numbers.n), "e": _b64(numbers.e)}
            ]
        }

    def sign(self, notice: Notice) -> dict[str, str]:
        """The three headers; about 0.7 ms a notice."""
        key_id, key = self._key
        timestamp = clock.wall().strftime("%Y-%m-%dT%H:%M:%SZ")
        signature = key.sign(timestamp.encode() + b"." + notice.body, padding.PKCS1v15(), hashes.SHA256())
        return {
            "x-shipengine-rsa-sha256-key-id": key_id,
            "x-shipengine-rsa-sha256-signature": base64.b64encode(signature).decode(),
            "x-shipengine-timestamp": timestamp,
        }

    # The driver's side

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """`account`: what a connection needs; `public_key`: the JWKS; `count`; `step {label, code, detail}`: the next
        step of a parcel; `report {tracking_number, code, detail}`: the same by number, for a return or a loss.
        """
        if name == "account":
            return {"api_key": API_KEY, "carriers": {id: list(one.services) for id, one in words.CARRIERS.items()}}
        if name == "public_key":
            return {"jwks": json.dumps(self.jwks)}
        if name == "count":
            return self._count()
        if name == "step":
            return {"told": self._step(args["label"], args["code"], args["detail"])}
        if name == "report":
            row = self._first("tracking_number = ?", args["tracking_number"])
            return {"told": bool(row) and self._step(row["seq"], args["code"], args.get("detail", ""))}
        return super().command(name, args)

    def _count(self) -> dict[str, Any]:
        row = self.db.execute(
            "SELECT count(*) AS sold, count(DISTINCT reference) AS refs, count(voided_at) AS voided"
            " FROM shipengine_label"
        ).fetchone()
        return {
            "sold": row["sold"],
            "references": row["refs"],
            "doubled": row["sold"] - row["refs"],
            "voided": row["voided"],
        }

    def _label(self, label_id: str) -> sqlite3.Row | None:
        number = label_id.removeprefix("se-")
        return self._first("seq = ?", int(number)) if number.isdigit() else None

    def _first(self, where: str, value: Any) -> sqlite3.Row | None:
        """The earliest label of that kind, as the vendor answers."""
        found = self.db.execute(
            f"SELECT * FROM shipengine_label WHERE {where} ORDER BY seq LIMIT 1", (value,)
        ).fetchone()
        return found if isinstance(found, sqlite3.Row) else None

    def _shown(self, row: sqlite3.Row) -> Answer:
        return _ok(words.label(row, moment(row["at"])))


def _ok(body: Any) -> Answer:
    return Answer(200, _NUMBERS.encode(body), {"Content-Type": "application/json"})


def _error(status: int, kind: str, code: str, message: str) -> Answer:
    error = {"error_source": "shipengine", "error_type": kind, "error_code": code, "message": message}
    return Answer(status, {"request_id": str(uuid.uuid4()), "errors": [error]})


def _not_found(message: str) -> Answer:
    return _error(404, "validation", "invalid_identifier", message)


def _text(thing: Any) -> str:
    return _NUMBERS.encode(thing).decode()


def _b64(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
