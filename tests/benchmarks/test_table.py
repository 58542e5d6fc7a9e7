"""The table says what was measured: what falls short, what was wrong, what is missing; and the paper gets it untyped."""

import json

import pytest

from tests.benchmarks import parts, table

ROW = {
    "metric": "batch of 50, hot", "lines": "22", "ours": "361/s", "beside": "bare 661/s", "ratio": "0.55 (0.53-0.57)",
    "target": "≥ 0.5", "is_met": True, "run": "", "cost": {"statements": 0.36, "wal_bytes": 46068.0, "python_ms": None},
    "beside_cost": {"statements": 1, "wal_bytes": 51788.0},
}  # fmt: skip
MACHINE = {"load_before": [1, 1, 1], "load_after": [2, 2, 2], "cpus": 2, "cpu": "C", "postgres": "P", "python": "3"}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Keeps what a part measured in a folder of the test's own."""
    monkeypatch.setattr(parts, "FOLDER", tmp_path)

    def keep(name, *rows, full=False, wrong="", is_whole=True):
        told = {"rows": rows, "is_full": full, "wrong": wrong, "is_whole": is_whole, "at": "2026-11-23T01:02:03", "took": 1.0,
                "commit": "abc", "rounds": 5, "seconds": 2.0, "seed": 1, "machine": MACHINE}  # fmt: skip
        parts.BY_NAME[name].file(full=full).write_text(json.dumps(told))

    return keep


def test_a_row_is_told_in_pairs():
    assert table.cells(ROW) == (
        "batch of 50, hot", "22", "361/s", "bare 661/s", "0.55 (0.53-0.57)", "0.36 / 1", "46,068 / 51,788", "", "", "≥ 0.5",
        "met", "bench",
    )  # fmt: skip


def test_what_falls_short_or_was_wrong_or_broke_off_is_named(kept):
    kept("orders", ROW, ROW | {"is_met": False, "target": "≥ 6"})
    kept("inbox", wrong="3 of 4 events are closed as done")
    kept("webhooks", is_whole=False)

    assert table._verdict(table.everything()) == [
        "1 of 2 targets met.",
        "Short of its target: batch of 50, hot, 22 lines: 0.55 (0.53-0.57), target ≥ 6.",
        "WRONG, so nothing of inbox counts: 3 of 4 events are closed as done",
        "Not to its end: webhooks.",
    ]


def test_what_was_not_measured_is_named(kept):
    for part in parts.PARTS:
        if part.name != "inbox" and not part.is_full:
            kept(part.name)

    assert table._missing(table.everything()) == [
        "Not measured yet (make bench): inbox.",
        "Not measured yet (make bench-full): reservations, stored, backlog, list, rehearsal.",
    ]


def test_the_paper_gets_the_large_shop_where_there_is_one(kept):
    kept("stored", ROW | {"metric": "small"})
    kept("stored", ROW | {"metric": "large", "run": "full"}, full=True)
    kept("orders", ROW)

    told = table.as_paper(table.everything())

    assert [line.split(" | ")[0] for line in told.splitlines() if line.startswith("| ")] == [
        "| metric", "| batch of 50, hot", "| large",
    ]  # fmt: skip
    assert "Sold = reserved = recorded held in every part." in told
