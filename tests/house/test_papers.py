"""What the papers say is there: every setting that is read is described, and decisions stay short."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_that_is_read_is_described():
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "config" / "settings.py").read_text()))
    for path in (ROOT / "apps").rglob("*.py"):
        read |= set(re.findall(r'os\.environ(?:\.get\(|\[)"([A-Z_]+)"', path.read_text()))
    told = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "operations.md").read_text()))
    not_ours = {"KUROGO_TETHERED", "DJANGO_SETTINGS_MODULE"}
    assert sorted(read - told - not_ours) == []


def test_a_decision_has_at_most_fifteen_lines_and_a_number_of_its_own():
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name for path in records if len(path.read_text().splitlines()) > 15] == []
    assert [path.name[:4] for path in records] == [f"{number:04}" for number in range(1, len(records) + 1)]


def test_the_links_of_the_papers_lead_somewhere():
    papers = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "apps" / "connectors").rglob("*.md")]
    broken = [
        f"{paper.relative_to(ROOT)}: {target}"
        for paper in papers
        for target in re.findall(r"\]\(([^)#\s]+)", paper.read_text())
        if "://" not in target and not (paper.parent / target).exists()
    ]
    assert broken == []
