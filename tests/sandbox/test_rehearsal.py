"""A small rehearsal from the command line to its figures, on a stage of its own."""

import io
import json
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.sandbox.management.commands.rehearse import Wish, rehearse
from apps.sandbox.rehearsal import figures

pytestmark = pytest.mark.slow
NOT_WHEN_SEEDED = "orders_held_expected"


def test_a_calm_one_is_as_the_recount_says_and_the_same_file_again_changes_nothing() -> None:
    outcome = rehearse(Wish(None, count=15, seed=2, is_calm=True, is_japan=True, is_again=True), say=print)
    assert outcome.faults == []
    assert tuple(outcome.figures) == figures.KEYS
    assert outcome.figures["orders_placed"] == 15
    assert outcome.figures["orders_held"] == outcome.figures["orders_held_expected"]
    assert outcome.figures["differences"] == outcome.figures["differences_planted"] == {}


def test_with_json_one_object_stands_alone_on_stdout(tmp_path: Path) -> None:
    said = io.StringIO()
    call_command("rehearse", synthetic=15, seed=2, json=True, keep=tmp_path / "kept", stdout=said)
    told = json.loads(said.getvalue())
    assert tuple(told) == tuple(key for key in figures.KEYS if key != NOT_WHEN_SEEDED)
    assert told["units_oversold"] == told["unexplained_minor"] == 0
    assert told["differences"] == told["differences_planted"]
    assert all(invariant["ok"] for invariant in told["invariants"])
    assert (tmp_path / "kept" / "sandbox" / "world.sqlite").is_file()


def test_a_file_that_holds_no_orders_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("InvoiceNo,StockCode\n")
    with pytest.raises(CommandError, match="lacks a column"):
        call_command("rehearse", tmp_path / "empty.csv")


@pytest.fixture(autouse=True)
def _reachable(tmp_path: Path) -> None:
    """The database's account must pass through the folders that pytest makes for root alone."""
    if os.geteuid() == 0:
        for place in (tmp_path, *tmp_path.parents):
            if place.is_relative_to("/tmp") and place != Path("/tmp"):
                place.chmod(0o755)
