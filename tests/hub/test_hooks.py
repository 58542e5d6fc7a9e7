"""The way in: nothing unsigned is stored, nothing stored twice, nothing answered 2xx that is not stored, never a 500."""

import io
import json

import pytest
from django.db import OperationalError
from django.db import connection as database

from apps.hub import hooks, inbox
from apps.hub.models import Connection, InboxEntry, InboxEvent
from tests.hub import parrot as bird


@pytest.fixture(autouse=True)
def _the_tests_transaction_stays_open(monkeypatch):
    """The hook drops stale connections by itself; the one of the test holds its transaction."""
    monkeypatch.setattr(database, "close_if_unusable_or_obsolete", lambda: None)
    monkeypatch.setattr(database, "close", lambda: None)


class Call:
    """One POST to a hook, as a WSGI server hands it over."""

    def __init__(self, body=b"", *, path="", method="POST", length: int | str | None = -1, sign: str | None = None):
        self.environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "wsgi.input": io.BytesIO(body)}
        if length is not None:
            self.environ["CONTENT_LENGTH"] = str(len(body) if length == -1 else length)
        self.environ["HTTP_X_PARROT_SIGN"] = bird.sign(body) if sign is None else sign

    def answer(self) -> int:
        statuses: list[str] = []
        b"".join(hooks.application(self.environ, lambda status, headers: statuses.append(status)))
        return int(statuses[0].split()[0])


@pytest.fixture
def post(parrot):
    def call(body, **facts):
        if not isinstance(body, bytes):
            body = json.dumps({"events": body}).encode()
        return Call(body, path=f"/hooks/{parrot.id}/", **facts).answer()

    return call


def _stored():
    return InboxEntry.objects.count(), InboxEvent.objects.count()


def test_a_signed_notice_is_kept_before_it_is_believed(post, parrot):
    assert post([{"id": "e1", "topic": "order", "subject": "order:7"}]) == 200

    event = InboxEvent.objects.select_related("entry").get()
    assert (event.event_id, event.topic, event.subject, event.status) == ("e1", "order", "order:7", "new")
    assert json.loads(inbox.raw(event))["id"] == "e1"
    assert (event.entry.origin, Connection.objects.get(id=parrot.id).last_heard_at is not None) == ("hook", True)


def test_the_body_lies_sealed(post):
    post([{"id": "e1", "card": "canary"}])

    assert b"canary" not in bytes(InboxEntry.objects.get().sealed)


def test_one_body_may_carry_many_notices(post):
    assert post([{"id": f"e{n}"} for n in range(3)]) == 200

    assert _stored() == (1, 3)
    rows = InboxEvent.objects.order_by("part").select_related("entry")
    assert [(row.part, json.loads(inbox.raw(row))["id"]) for row in rows] == [(0, "e0"), (1, "e1"), (2, "e2")]


@pytest.mark.parametrize("events", [[{"id": "e1"}], [{"id": "e1"}, {"id": "e2"}]], ids=["one", "many"])
def test_a_replay_is_answered_kindly_and_adds_no_row(post, parrot, events):
    post(events)
    before = _stored()

    assert post(events) == 200

    assert _stored() == before
    assert Connection.objects.get(id=parrot.id).repeated_count == 1


def test_a_known_notice_in_another_body_adds_only_what_is_new(post):
    post([{"id": "e1"}])

    assert post([{"id": "e1"}, {"id": "e2"}]) == 200

    assert sorted(InboxEvent.objects.values_list("event_id", flat=True)) == ["e1", "e2"]


@pytest.mark.parametrize("sign", ["", "0" * 64, "naïve"])
def test_what_is_not_signed_is_refused_counted_and_not_stored(post, parrot, sign):
    """The last one makes the connector itself stumble: a fault of ours is no proof of theirs."""
    assert post([{"id": "e1"}], sign=sign) == 401

    assert _stored() == (0, 0)
    assert Connection.objects.get(id=parrot.id).refused_count == 1


def test_a_signature_of_another_body_is_refused(post):
    assert post([{"id": "e1"}], sign=bird.sign(b"{}")) == 401


@pytest.mark.parametrize(
    "body", [b"not json", b'{"other": 1}', b'{"events": [{"no": "id"}]}', b"[" * 100_000, b"\xff\xfe"]
)
def test_signed_but_unreadable_is_kept_and_marked(post, body):
    assert (post(body), post(body)) == (200, 200)

    event = InboxEvent.objects.select_related("entry").get()
    assert event.topic == "unreadable"
    assert inbox.raw(event) == body


@pytest.mark.parametrize(
    "event", [{"id": "x" * 500}, {"id": "e\0e"}, {"id": "e1", "topic": "t" * 300}, {"id": "e1", "subject": "s\0" * 200}]
)
def test_words_that_do_not_fit_our_columns_are_kept_all_the_same(post, event):
    assert (post([event]), post([event]), post([event, {"id": "other"}])) == (200, 200, 200)

    assert InboxEvent.objects.count() == 2


@pytest.mark.parametrize(("length", "size", "status"), [(-1, 65, 413), (None, 65, 413), (-1, 64, 401), (None, 64, 401)])
def test_a_body_over_the_cap_is_refused_unread(post, parrot, settings, length, size, status):
    """Also without a declared length (chunked): it is read to its end, counting."""
    settings.HOOK_MAX_BYTES = 64

    assert post(b"x" * size, length=length, sign="wrong") == status

    assert _stored() == (0, 0)
    assert Connection.objects.get(id=parrot.id).refused_count == 1


def test_a_huge_declared_length_is_refused_without_reading_a_byte(parrot, settings):
    settings.HOOK_MAX_BYTES = 64
    call = Call(b"x" * 10, path=f"/hooks/{parrot.id}/", length=10**12)

    assert call.answer() == 413

    assert call.environ["wsgi.input"].tell() == 0


def test_a_body_that_ends_early_is_refused(post):
    assert post(b'{"events": []}', length=999) == 400


@pytest.mark.parametrize("length", ["", "²", "-3", "many"])
def test_a_strange_length_is_counted_instead(post, length):
    assert post([{"id": "e1"}], length=length) == 200


def test_a_signed_body_with_nothing_in_it_is_fine(post):
    assert post([]) == 200
    assert _stored() == (0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/hooks/", "/hooks/abc/", "/hooks/9bd209b2-6b81-4f81-baa8-2d6ca69b9203/", "/hooks/../admin"]
)
def test_a_hook_that_is_not_there_is_404(path):
    assert Call(b"{}", path=path).answer() == 404


def test_only_post_is_taken(post):
    assert post(b"{}", method="GET") == 405


def test_a_connection_whose_secrets_do_not_open_is_not_ready(post, parrot):
    parrot.credentials.update(sealed=b"\x01nonsense")

    assert post([{"id": "e1"}]) == 503

    assert Connection.objects.get(id=parrot.id).refused_count == 0


def test_a_connection_whose_connector_is_gone_is_not_ready(post, parrot):
    Connection.objects.filter(id=parrot.id).update(connector="gone")

    assert post([{"id": "e1"}]) == 503


def test_without_a_database_the_vendor_is_asked_to_come_again(post, monkeypatch):
    def no_database(*_words, **_named):
        raise OperationalError("the server is gone")

    monkeypatch.setattr(inbox, "store", no_database)

    assert post([{"id": "e1"}]) == 503
