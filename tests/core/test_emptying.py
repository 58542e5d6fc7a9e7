"""After a test that commits nothing of it is left, not even of what refuses to be deleted; what the apps filled in stands."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import DatabaseError, connection

from apps.core.models import StateMove
from apps.inventory.models import StockMovement
from apps.ledger.models import Account
from tests import emptying
from tests.staff.builders import make_order, make_shop

pytestmark = pytest.mark.django_db(transaction=True)


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


def test_everything_is_gone_but_what_the_apps_fill_in():
    emptying._filled_in = None
    emptying.empty()  # Django's own way, the first time
    before = emptying.filled_in()
    make_order(make_shop(TEA=5), ("TEA", 1))
    assert (StateMove.objects.count() > 0, StockMovement.objects.count() > 0) == (True, True)
    with pytest.raises(DatabaseError):
        StockMovement.objects.all().delete()  # they do refuse

    is_short = emptying.empty()

    tables = {*connection.introspection.django_table_names(only_existing=True, include_views=False)}
    assert {table for table in tables - {*emptying.FILLED_IN} if _count(table)} == set()
    assert (is_short, emptying.filled_in()) == (True, before)


@pytest.mark.parametrize(
    "touch",
    [
        lambda: Group.objects.create(name="robots"),
        lambda: Permission.objects.filter(group__name="owner").update(name="x"),
        lambda: Account.objects.create(code="x", kind="asset"),
    ],
)
def test_what_the_apps_filled_in_and_a_test_touched_is_filled_in_again(touch):
    emptying._filled_in = None
    emptying.empty()
    before, groups = Account.objects.count(), {*Group.objects.values_list("name", flat=True)}
    touch()

    is_short = emptying.empty()

    assert (is_short, Account.objects.count(), {*Group.objects.values_list("name", flat=True)}) == (
        False,
        before,
        groups,
    )
    assert Group.objects.get(name="owner").permissions.count() > 0
