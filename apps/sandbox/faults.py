"""What can go wrong with a vendor, once for all stand-ins: with its answers, and with the notices that it sends.

Some of it happens by the plan of a seed (`World.plan`); any of it can be told by `/control/misbehave`, one by one: the next
request, or the next notice, to which the fault applies goes wrong so. What a fault does to one stand-in alone lies in its file.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable

import orjson

from apps.sandbox.world import Answer, Ask

RETRY_AFTER_SECONDS = 2
SLOW_SECONDS = 2.5
PAGE = "<!doctype html><title>Maintenance</title><p>We will be back soon."
GARBAGE = b'{"data": {"or\x00\xff'
# Refused, or cut, before anything happened.
BEFORE_EFFECT = {
    "limited": "429 with Retry-After",
    "limited_bare": "429 that does not say for how long",
    "failed": "500",
    "unavailable": "503 with Retry-After",
    "gateway": "502 with a page of a proxy",
    "html": "200 with a page of HTML",
    "expired": "401: the access token has ended early",
    "dropped": "the connection is cut before anything happened",
}
# It happened, and the answer says so badly or not at all.
AFTER_EFFECT = {
    "cut": "the effect happened, the answer never comes",
    "slow": "the answer takes a few seconds",
    "garbage": "200 with bytes that are not JSON",
    "truncated": "the answer breaks off in the middle",
    "wrong_type": "the right answer under the wrong content type",
}
NOTICES = {
    "double": "a notice comes twice",
    "shuffle": "a notice changes places with the next one",
    "lost": "a notice never comes; whoever asks finds the thing",
    "late": "a notice comes a while later",
    "forged": "before a notice comes one with a wrong signature",
    "falsified": "before a notice comes one with other figures under the same signature",
    "replayed": "before a notice comes an old one again, as it was sent then",
    "retold": "the same thing is told again later, as a notice of its own",
}
REQUESTS = BEFORE_EFFECT | AFTER_EFFECT
ALL = REQUESTS | NOTICES
# A vendor that has to be signed in to again by a person would stop its connection; only tokens that live for an hour end so.
TOKENS_END = frozenset({"amazon"})
PLANNED_REQUESTS = ("limited", "failed", "html", "cut")  # those that a plan's rates know


class Told:
    """Faults to come, as told: by stand-in, each queue in its order."""

    def __init__(self) -> None:
        self._requests: dict[str, deque[str]] = {}
        self._notices: dict[str, deque[str]] = {}
        self._renewed: set[str] = set()  # stand-ins whose last answer was that the token has ended
        self.happened: Counter[str] = Counter()

    def add(self, slug: str, what: str, times: int) -> None:
        """So many more. Raises `ValueError` for an unknown one; "" is a request that goes well."""
        if what and what not in ALL:
            raise ValueError(f"what may be {', '.join(ALL)}")
        queues = self._notices if what in NOTICES else self._requests
        queues.setdefault(slug, deque()).extend([what] * times)

    def request(self, slug: str, ask: Ask) -> str | None:
        """The fault of this request, taken from the queue; None where none was told.

        A token that was fetched a moment ago has not ended: two in a row would say that the account is refused.
        """
        if "/auth/" in ask.path:
            return _first(self._requests.get(slug), lambda what: what != "expired")
        may_end = slug in TOKENS_END and slug not in self._renewed
        self._renewed.discard(slug)
        found = _first(self._requests.get(slug), lambda what: what != "expired" or may_end)
        if found == "expired":
            self._renewed.add(slug)
        return found

    def notice(self, slug: str, kinds: Iterable[str]) -> str | None:
        """The fault of this notice, if the next one told is of these kinds."""
        wanted = frozenset(kinds)
        return _first(self._notices.get(slug), lambda what: what in wanted)

    def waiting(self) -> dict[str, list[str]]:
        """slug -> faults that nothing has met yet."""
        queues = [*self._requests.items(), *self._notices.items()]
        return {slug: [*self._requests.get(slug, ()), *self._notices.get(slug, ())] for slug, queue in queues if queue}

    def clear(self) -> None:
        """From now on everybody behaves."""
        self._requests.clear()
        self._notices.clear()


def _first(queue: "deque[str] | None", applies: Callable[[str], bool]) -> str | None:
    for what in queue or ():
        if applies(what):
            queue.remove(what)  # type: ignore[union-attr]  (there is something in it)
            return what
    return None


def spoiled(what: str) -> Answer:
    """The answer of a fault before any effect."""
    after = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    html = {"Content-Type": "text/html"}
    answers = {
        "limited": Answer(429, {"error": "slow down"}, after),
        "limited_bare": Answer(429, {"error": "slow down"}),
        "failed": Answer(500, {"error": "something went wrong"}),
        "unavailable": Answer(503, {"error": "overloaded"}, after),
        "gateway": Answer(502, PAGE, html),
        "html": Answer(200, PAGE, html),
        "expired": Answer(401, {"errors": [{"code": "Unauthorized", "message": "The access token expired."}]}),
        "dropped": Answer(is_cut=True),
    }
    return answers[what]


def bent(answer: Answer, what: str) -> Answer:
    """The answer of a fault after the effect."""
    if what == "cut":
        answer.is_cut = True
    elif what == "slow":
        answer.seconds = SLOW_SECONDS
    elif what == "garbage":
        answer.status, answer.body, answer.headers = 200, GARBAGE, {"Content-Type": "application/json"}
    elif what == "truncated":
        answer.is_truncated = True
    elif what == "wrong_type":
        if isinstance(answer.body, (dict, list)):
            answer.body = orjson.dumps(answer.body)
        kept = {name: value for name, value in answer.headers.items() if name.lower() != "content-type"}
        answer.headers = kept | {"Content-Type": "text/html; charset=utf-8"}
    return answer


def forged(headers: dict[str, str], signed: Iterable[str]) -> dict[str, str]:
    """The headers of a notice with every value that signing made turned round."""
    return {name: value[::-1] + "0" if name in set(signed) else value for name, value in headers.items()}


def falsified(body: bytes) -> bytes:
    """A body with its figures changed, as long as before."""
    return body.translate(bytes.maketrans(b"123456789", b"912345678"))
