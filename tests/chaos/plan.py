"""What will go wrong, and when: a function of seed and length alone, written down before anything starts."""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from apps.sandbox import faults

VICTIMS = ("worker", "web", "beat", "postgres", "valkey")
KILLS_A_MINUTE = 6.6
FAULTS_A_MINUTE = 32.0
# Where requests and notices are; a vendor of whom more is asked meets more.
ASKED = ("shopify", "woocommerce", "amazon", "rakuten", "vendure", "csv", "stripe", "shipengine")
WEIGHTS = (4, 4, 4, 4, 4, 2, 2, 1)
TELLING = ("shopify", "woocommerce", "stripe", "csv")
# A file that is lost on its way is found by nobody but a person: its channel has no list of files.
LOSING = ("shopify", "woocommerce")
QUIET_BEFORE, QUIET_AFTER = 0.02, 0.99  # parts of the time in which nothing goes wrong: the opening, the last orders


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL for a program, after a part of the run's time."""

    at: float
    victim: str


@dataclass(frozen=True, slots=True)
class Fault:
    """From this part of the run's time on, the next request or notice of a vendor to which it applies goes wrong so."""

    at: float
    slug: str
    what: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is going to happen to a run. `orders` come on `days` trading days."""

    seed: int
    minutes: float
    orders: int
    days: int
    kills: tuple[Kill, ...]
    faults: tuple[Fault, ...]

    def digest(self) -> str:
        """Twelve letters that say whether two plans are the same."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]


def make(*, seed: int, minutes: float, orders: int | None = None) -> Plan:
    """The plan of a run."""
    dice = random.Random(seed)
    days = max(1, round(minutes / 4))
    wanted = orders or max(40, round(60 * minutes))
    return Plan(seed, minutes, wanted, days, _kills(dice, minutes), _faults(dice, minutes))


def _kills(dice: random.Random, minutes: float) -> tuple[Kill, ...]:
    """Every program in turn, in rounds whose order is thrown, so that none is struck twice while it still gets up."""
    rounds = max(1, -(-round(KILLS_A_MINUTE * minutes) // len(VICTIMS)))
    victims: list[str] = []
    for _ in range(rounds):
        turn = dice.sample(VICTIMS, len(VICTIMS))
        if victims and turn[0] == victims[-1]:
            turn.reverse()
        victims += turn
    return tuple(Kill(at, victim) for at, victim in zip(_moments(dice, len(victims)), victims, strict=True))


def _faults(dice: random.Random, minutes: float) -> tuple[Fault, ...]:
    count = max(len(faults.ALL), round(FAULTS_A_MINUTE * minutes))
    kinds = [
        kind for _ in range(-(-count // len(faults.ALL))) for kind in dice.sample(list(faults.ALL), len(faults.ALL))
    ]
    moments = _moments(dice, count)
    return tuple(Fault(at, _whom(dice, kind), kind) for at, kind in zip(moments, kinds[:count], strict=True))


def _whom(dice: random.Random, kind: str) -> str:
    if kind == "expired":
        return dice.choice(sorted(faults.TOKENS_END))
    if kind == "lost":
        return dice.choice(LOSING)
    if kind in faults.NOTICES:
        return dice.choice(TELLING)
    return dice.choices(ASKED, WEIGHTS)[0]


def _moments(dice: random.Random, count: int) -> Sequence[float]:
    """So many moments, one in each equal part of the time, wherever in it."""
    part = (QUIET_AFTER - QUIET_BEFORE) / count
    return [round(QUIET_BEFORE + part * (number + dice.random()), 5) for number in range(count)]
