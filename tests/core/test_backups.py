"""A backup comes back whole or says why not; nothing is ever half restored."""

import dataclasses
import json
import random
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection

from apps.core import audit, backups, crypto, runtime
from apps.core.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)
CUTS = 40


@pytest.fixture
def url():
    return runtime.url_of(connection.settings_dict)


@pytest.fixture
def empty(url):
    """A new database on the same server; gone afterwards."""
    name = f"restored_{uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
        yield url.rpartition("/")[0] + f"/{name}"
        db.execute(f"DROP DATABASE {name}")


@pytest.fixture
def made(url, tmp_path):
    """A backup of a database with a few rows of its own."""
    for number in range(50):
        audit.record("x.y", actor=f"person {number}", detail={"words": "何か" * 50})
    path = tmp_path / "one.backup"
    backups.write(url, path)
    return path


def _figures(url):
    """Rows of every table, and every trigger."""
    with psycopg.connect(url) as db:
        tables = [
            row[0] for row in db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ]
        rows = {table: db.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in tables}
        triggers = db.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
        )
        return rows, triggers.fetchall()


def _tables(url):
    with psycopg.connect(url) as db:
        return db.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()[0]


def test_it_comes_back_whole(made, url, empty):
    header = backups.restore(made, empty)
    assert _figures(empty) == _figures(url)
    assert (header.format, header.keys) == (backups.FORMAT, [crypto.primary_key_id()])
    assert made.stat().st_mode & 0o777 == 0o600


def test_nothing_in_it_can_be_read_without_the_key(made):
    assert "何か".encode() not in made.read_bytes()


def test_it_is_never_restored_over_anything(made, url):
    before = _figures(url)
    with pytest.raises(backups.BackupRefused, match="not empty"):
        backups.restore(made, url)
    assert _figures(url) == before


def test_it_is_never_written_over_another(made, url):
    with pytest.raises(backups.BackupRefused, match="is there already"):
        backups.write(url, made)


def test_wherever_it_is_cut_nothing_is_restored(made, empty, tmp_path):
    whole, dice, short = made.read_bytes(), random.Random(3), tmp_path / "short.backup"
    for size in {0, 1, len(backups.MAGIC), len(whole) - 1, *(dice.randrange(len(whole)) for _ in range(CUTS))}:
        short.write_bytes(whole[:size])
        with pytest.raises(backups.BackupRefused, match=r"no backup|cut short"):
            backups.restore(short, empty)
    assert _tables(empty) == 0


def test_whatever_is_altered_nothing_is_restored(made, empty, tmp_path):
    whole, dice, bent = made.read_bytes(), random.Random(4), tmp_path / "bent.backup"
    for place in (dice.randrange(len(whole)) for _ in range(CUTS)):
        bent.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(backups.BackupRefused):
            backups.restore(bent, empty)
    assert _tables(empty) == 0


def test_with_other_keys_it_stays_shut_and_says_which_it_wants(made, empty, settings):
    wanted = str(crypto.primary_key_id())
    settings.KEYSET = crypto.new_keyset()
    with pytest.raises(backups.BackupRefused, match=wanted):
        backups.restore(made, empty)
    assert _tables(empty) == 0


def test_after_a_rotation_the_old_key_still_opens_it(made, empty, settings):
    settings.KEYSET = crypto.with_new_primary(settings.KEYSET)
    backups.restore(made, empty)
    assert _tables(empty) > 0


def _with_header(path, **facts):
    """The file with another header, as a later version would have written it."""
    whole = path.read_bytes()
    start = len(backups.MAGIC) + 4
    size = int.from_bytes(whole[len(backups.MAGIC) : start], "big")
    told = json.dumps(json.loads(whole[start : start + size]) | facts).encode()
    other = path.with_name("other.backup")
    other.write_bytes(backups.MAGIC + len(told).to_bytes(4, "big") + told + whole[start + size :])
    return other


@pytest.mark.parametrize("facts", [{"format": 2}, {"migrations": {"core": ["0001_initial", "9999_later"]}}])
def test_one_of_a_newer_version_says_so(made, empty, facts):
    with pytest.raises(backups.BackupRefused, match="newer Kurogo"):
        backups.restore(_with_header(made, **facts), empty)
    assert _tables(empty) == 0


def test_a_header_that_lies_does_not_open(made, empty):
    with pytest.raises(backups.BackupRefused, match="altered"):
        backups.restore(_with_header(made, made_at="2020-01-01T00:00:00+00:00"), empty)


def test_where_the_database_goes_away_there_is_no_file(url, tmp_path):
    path = tmp_path / "none.backup"
    with pytest.raises(backups.BackupRefused, match="does not answer"):
        backups.write(url.rpartition("/")[0] + "/nowhere", path)
    assert list(tmp_path.iterdir()) == []


def test_a_password_stands_among_no_words(url):
    assert [name for name in backups._environment(url) if name == "PGPASSWORD"] == ["PGPASSWORD"]
    assert backups._program("pg_dump").endswith("pg_dump")


def test_the_command_keeps_the_newest(tmp_path, capsys):
    for day in range(3):
        (tmp_path / f"kurogo-2020010{day}T000000Z.backup").touch()
    call_command("backup", str(tmp_path), "--keep", "2")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert (len(names), names[0]) == (2, "kurogo-20200102T000000Z.backup")
    assert AuditEntry.objects.get().action == "database.backed_up"


def test_the_command_says_what_is_wrong_in_a_sentence(tmp_path):
    wrong = tmp_path / "wrong.backup"
    wrong.write_text("hello")
    with pytest.raises(CommandError, match="no backup of Kurogo"):
        call_command("restore", str(wrong), "--look")
    with pytest.raises(CommandError, match="--keep"):
        call_command("backup", str(wrong), "--keep", "1")


def test_every_fact_of_the_header_is_told(made):
    header = dataclasses.asdict(backups.header_of(made))
    assert [name for name, value in header.items() if not value] == []
    assert header["product"] == backups.product_version()
    assert django_settings.KEYSET not in json.dumps(header)
