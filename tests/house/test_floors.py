"""Each floor rests only on the floors below it: imports by import-linter, foreign keys by the models themselves."""

import subprocess
import sys
import tomllib
from pathlib import Path

from django.apps import apps

from tests.house.sources import ROOT

LINTER = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports())"
# What every floor may point at: Django's own people, and the event rows' context.
OPEN_TO_ALL = {"auth", "contenttypes", "pghistory"}


def _contracts() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def _floors() -> dict[str, int]:
    """App label -> floor, 0 the highest, as the import contract draws them."""
    (layers,) = [contract["layers"] for contract in _contracts()["contracts"] if contract["id"] == "floors"]
    return {
        name.strip(" ()").removeprefix("apps."): floor
        for floor, names in enumerate(layers)
        for name in names.split("|")
    }


def _is_allowed(here: str, there: str) -> bool:
    floors = _floors()
    return here == there or there in OPEN_TO_ALL or floors[there] > floors[here]


def test_the_import_contracts_hold():
    done = subprocess.run([sys.executable, "-c", LINTER], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_a_broken_contract_would_be_seen(tmp_path):
    """The negative control: the same linter, told that the hub may not know core, as it does."""
    setup = (
        '[tool.importlinter]\nroot_packages = ["apps"]\n[[tool.importlinter.contracts]]\nname = "n"\ntype = "layers"\n'
    )
    (tmp_path / "contracts.toml").write_text(setup + 'layers = ["apps.core", "apps.hub"]\n')
    words = f"from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports({str(tmp_path / 'contracts.toml')!r}))"

    done = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 1, done.stdout


def test_every_app_has_a_floor():
    ours = {Path(config.path).name for config in apps.get_app_configs() if config.name.startswith("apps.")}

    assert sorted(ours - set(_floors())) == []


def test_foreign_keys_point_down_the_floors():
    upwards = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models()
        if model._meta.app_label in _floors()
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model
        if not _is_allowed(model._meta.app_label, field.related_model._meta.app_label)
    ]

    assert upwards == []


def test_a_key_that_points_up_or_aside_would_be_seen():
    assert _is_allowed("orders", "catalog")
    assert not _is_allowed("catalog", "orders")
    assert not _is_allowed("orders", "inventory")
    assert not _is_allowed("payments", "shipping")
