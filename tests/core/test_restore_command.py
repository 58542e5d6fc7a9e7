"""`manage.py restore` as an operator calls it: into an empty folder, with its own PostgreSQL, and never a second time."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection, transaction

from apps.core import audit, backups, runtime
from tests.flows import shop as shops

pytestmark = pytest.mark.django_db(transaction=True)


def _restore(path, home, keyset):
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BROKER_URL"}}
    env |= {"KUROGO_DATA": str(home), "KUROGO_KEYSET": keyset, "SECRET_KEY": "for-this-run-alone"}
    env.pop("KUROGO_AUDIT_HEAD", None)
    words = [sys.executable, str(settings.BASE_DIR / "manage.py"), "restore", str(path)]
    return subprocess.run(words, env=env, capture_output=True, text=True, timeout=180, check=False)


def test_a_shop_comes_back_in_an_empty_folder_and_only_there(tmp_path):
    with transaction.atomic():
        shops.open_shop()
    audit.record("x.y", actor="owner")
    path, home = tmp_path / "one.backup", tmp_path / "home"
    backups.write(runtime.url_of(connection.settings_dict), path)

    done = _restore(path, home, settings.KEYSET)

    assert (done.returncode, done.stdout.split(".")[0]) == (0, "Restored and verified"), done.stderr[-2000:]
    assert json.loads((home / "secrets.json").read_text())["keyset"] == settings.KEYSET
    again = _restore(path, home, settings.KEYSET)
    assert (again.returncode, "not empty" in again.stderr) == (1, True)
