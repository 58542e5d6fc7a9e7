"""Every connector keeps to the house: a README, a shape file, the suites of its abilities, and it knows only hub and core."""

import ast
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.hub import abilities, registry
from apps.hub.abilities import Writes
from apps.hub.management.commands import connector_matrix, startconnector
from apps.hub.registry import Manifest

ROOT = Path(settings.BASE_DIR)
SLUGS = sorted(registry.manifests())
# A format of our own, and two published standards: there is no vendor's specification.
WITHOUT_SHAPE = {"csv", "smtp", "webhook"}
SECTIONS = ("## What works", "## What does not", "## Verified against")
SUITES = {
    "orders": "OrdersSuite", "catalogue": "CatalogueSuite",
    "price.write": "PriceSuite",
    "confirmation": "ConfirmationSuite",
    "fulfilment": "FulfilmentSuite", "payment": "PaymentSuite", "payment.read": "PaymentSuite", "statement": "StatementSuite",
    "label": "LabelSuite", "label.file": "FileCarrierSuite", "tracking": "TrackingSuite", "message": "MessageSuite",
    "notice": "NoticeSuite",
    "facts": "FactSuite",
}  # fmt: skip
STOCK_SUITES = {Writes.COMPARE_AND_SET: "CompareAndSetSuite", Writes.ABSOLUTE: "AbsoluteSuite"}
WITHOUT_SUITE = {"files"}  # one connector has it, and a corpus of broken files instead
OPEN_TO_CONNECTORS = ("apps.hub.", "apps.core")
NO_MORE_OF_HUB = {"abilities", "contracts", "errors", "registry"}


@pytest.fixture(params=SLUGS)
def manifest(request) -> Manifest:
    return registry.manifest(request.param)


def folder(manifest: Manifest) -> Path:
    return registry.CONNECTORS / manifest.slug


def test_the_folder_has_the_connector_s_own_name(manifest):
    assert folder(manifest).is_dir()
    assert (manifest.slug, manifest.load.split(".")[2]) == (folder(manifest).name, folder(manifest).name)


def test_its_readme_says_what_works_and_what_does_not(manifest):
    text = (folder(manifest) / "README.md").read_text()
    assert [section for section in SECTIONS if section not in text] == []
    assert "How to finish this connector" not in text


def test_it_has_a_shape_file(manifest):
    path = ROOT / "tests" / "contracts" / f"{manifest.slug}.json"
    if manifest.slug in WITHOUT_SHAPE:
        assert not path.exists()
        return
    shape = msgspec.json.decode(path.read_bytes())
    assert {"vendor", "facts", "faults"} <= set(shape)
    assert shape["facts"]
    assert list((ROOT / "tests" / "contracts").glob(f"test_{manifest.slug}*.py")) != []


def test_it_passes_the_suite_of_each_ability(manifest):
    bases = suites_of(ROOT / "tests" / "connectors" / manifest.slug)
    wanted = {SUITES[ability] for ability in manifest.abilities if ability in SUITES} | (
        {"WebhookSuite"} if manifest.webhook else set()
    )
    if manifest.stock:
        wanted.add(STOCK_SUITES[manifest.stock.writes])
    assert sorted(wanted - bases) == []


def suites_of(tests: Path) -> set[str]:
    """Names of the suites that the tests of a folder subclass."""
    return {
        base.id
        for path in tests.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Name)
    }


def test_every_ability_has_its_suite():
    assert set(SUITES) | WITHOUT_SUITE | {"stock.read", "stock.write"} == set(abilities.ABILITIES)
    written = {
        node.name
        for path in (ROOT / "tests" / "connectors" / "suites").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    assert sorted({*SUITES.values(), *STOCK_SUITES.values()} - written) == []


def test_it_has_a_stand_in(manifest):
    assert list((ROOT / "apps" / "sandbox").glob(f"{manifest.slug}*.py")) != []


def test_its_manifest_is_true(manifest):
    fields = {field.name for field in msgspec.structs.fields(manifest.settings)}
    assert set(manifest.abilities) <= set(abilities.ABILITIES)
    assert set(manifest.secrets) <= fields
    assert set(manifest.expiring) <= set(manifest.secrets)
    assert set(manifest.hosts) <= fields
    writes = {name for name, ability in abilities.ABILITY_OF.items() if ability in manifest.abilities}
    assert set(manifest.once) == writes
    assert bool(manifest.stock) == ("stock.write" in manifest.abilities)
    assert (bool(manifest.verified_against), bool(manifest.docs_url) or manifest.slug in WITHOUT_SHAPE) == (True, True)


def test_its_class_can_what_its_manifest_says(manifest):
    required = {field.name: "x" for field in msgspec.structs.fields(manifest.settings) if field.required}
    connector = registry.connect(manifest.slug, msgspec.convert(required, manifest.settings, strict=False), uuid4())
    protocols = {ability: abilities.ABILITIES[ability] for ability in manifest.abilities}
    assert [ability for ability, protocol in protocols.items() if not isinstance(connector, protocol)] == []
    assert not manifest.expiring or isinstance(connector, abilities.HealthCheck)
    if manifest.webhook:
        module = registry.webhook(manifest.slug)
        assert list(inspect.signature(module.verify).parameters) == ["headers", "body", "settings", "now"]
        assert list(inspect.signature(module.events).parameters) == ["headers", "body", "received_at"]
        assert isinstance(connector, abilities.Inbound)


def strangers(source: str, slug: str) -> list[str]:
    """What a connector's file imports of ours beyond its own folder, core, and the four public files of hub."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if not name.startswith("apps") or f"{name}.".startswith((f"apps.connectors.{slug}.", "apps.core.")):
                continue
            if name.startswith("apps.hub.") and name.split(".")[2] in NO_MORE_OF_HUB:
                continue
            found.append(name)
    return found


def test_it_imports_neither_a_domain_app_nor_another_connector(manifest):
    files = folder(manifest).rglob("*.py")
    assert {
        path.name: strangers(path.read_text(), manifest.slug)
        for path in files
        if strangers(path.read_text(), manifest.slug)
    } == {}


@pytest.mark.parametrize(
    "source",
    [
        "from apps.orders import services", "import apps.flows.place_orders", "from apps.connectors.stripe import mapping",
        "from apps.connectors import stripe", "from apps.hub import models", "from apps.hub.models import Connection",
        "from apps import orders", "from apps.connectors.tobira import client", "def f():\n    from apps.ledger import tax",
    ],
)  # fmt: skip
def test_the_guard_sees_what_it_must(source):
    assert len(strangers(source, "tobi")) == 1


def test_the_matrix_is_current():
    call_command("connector_matrix", "--check")


def test_an_old_matrix_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(connector_matrix, "PLACE", tmp_path / "connectors.md")
    with pytest.raises(CommandError, match="out of date"):
        call_command("connector_matrix", "--check")


# startconnector


@pytest.fixture
def made(tmp_path, request):
    """Fresh connectors of a kind in a project of their own; where imports stand and lines break goes by the name."""
    for name in ("aa", "japan_post_next", "zz"):
        call_command("startconnector", name, kind=request.param, into=tmp_path, verbosity=0)
    return tmp_path


EACH_KIND = pytest.mark.parametrize("made", sorted(startconnector.KINDS), indirect=True)


@EACH_KIND
def test_what_startconnector_writes_is_in_good_style(made):
    files = [str(path) for path in made.rglob("*.py")]
    ruff = [str(Path(sys.executable).with_name("ruff")), "--config", str(ROOT / "pyproject.toml")]
    # The tests' own exceptions go by the project's folder, and this is another.
    checked = subprocess.run(
        [ruff[0], "check", *ruff[1:], "--ignore", "S", *files], capture_output=True, text=True, check=False
    )
    formatted = subprocess.run(
        [ruff[0], "format", "--check", *ruff[1:], *files], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, "All checks passed!\n")
    assert formatted.returncode == 0, formatted.stdout


def test_what_startconnector_writes_fails_its_tests_until_it_is_written(tmp_path):
    """All kinds, in a copy of the project, as a newcomer runs them."""
    for name in ("apps", "config", "tests", "locale", "templates", "static"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for kind in startconnector.KINDS:
        call_command("startconnector", f"fresh_{kind}", kind=kind, into=tmp_path, verbosity=0)
    folders = [f"tests/connectors/fresh_{kind}" for kind in startconnector.KINDS]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *folders]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=_outside_xdist(), check=False)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 1, said[-3000:]
    reasons = {line.split(":")[0].removeprefix("E").strip() for line in said.splitlines() if line.startswith("E   ")}
    strange = sorted(reason for reason in reasons if reason.endswith(("Error", "Exception")))
    assert [one for one in strange if one not in {"NotImplementedError", "AssertionError"}] == []
    for kind in startconnector.KINDS:
        assert f"tests/connectors/fresh_{kind}/test_connector.py" in said
        assert f"FAILED tests/connectors/fresh_{kind}/test_mapping.py" in said


def _outside_xdist() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def test_startconnector_overwrites_nothing(tmp_path):
    call_command("startconnector", "tobi", kind="mail", into=tmp_path, verbosity=0)
    (tmp_path / "apps" / "connectors" / "tobi" / "README.md").write_text("mine")
    with pytest.raises(CommandError, match="already"):
        call_command("startconnector", "tobi", kind="carrier", into=tmp_path, verbosity=0)
    assert (tmp_path / "apps" / "connectors" / "tobi" / "README.md").read_text() == "mine"


def test_startconnector_says_what_screens_will_call_it(tmp_path, capsys):
    call_command("startconnector", "japan_post", kind="mail", into=tmp_path)
    assert 'Screens will call it "Japan Post"' in capsys.readouterr().out
    call_command("startconnector", "other", kind="mail", into=tmp_path, label="Another Name")
    assert "Screens will call it" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["Yamato", "ya-mato", "1yamato", "../yamato", "", "_yamato", "ya mato"])
def test_startconnector_wants_a_slug(tmp_path, name):
    with pytest.raises(CommandError):
        call_command("startconnector", name, kind="carrier", into=tmp_path, verbosity=0)
    assert list(tmp_path.iterdir()) == []
