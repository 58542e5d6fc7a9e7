"""Every invariant holds in a shop that lived by the stories, and each broken rule is found and named."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from apps.core import audit, audit_seals, clock
from apps.flows import verify
from apps.flows.verifying import counts, hub, jobs, money, on_way, orders, peers, states, stock
from apps.hub.models import Attempt, Delivery
from apps.ledger import services as ledger
from apps.ledger.models import Entry
from apps.shipping.models import Parcel
from tests import sql
from tests.flows import shop as shops
from tests.flows.breaches import BREACHES, GUARD

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings):
    settings.SANDBOX_ADDRESS = ""
    made = shops.open_shop()
    audit.record("shop.opened", actor="owner")
    audit_seals.seal_new()
    # Checks that wait for the commit are done now, so that tables can be altered; from here on they wait again.
    sql.run("SET CONSTRAINTS ALL IMMEDIATE")
    sql.run("SET CONSTRAINTS ALL DEFERRED")
    return made


def _findings():
    return {finding.id: finding for finding in verify.verify()}


def test_everything_holds_in_a_shop_that_lived(shop):
    findings = _findings()

    assert {id_: finding.examples for id_, finding in findings.items() if not finding.is_ok} == {}
    assert list(findings) == ["I1", "I2", "I4", "I6", "I7", "I10", "I11", "I12", "I13", "I14", "I15", "I17"]
    assert [id_ for id_, finding in findings.items() if not finding.checked] == ["I7"]


def test_a_push_that_lapsed_in_doubt_has_an_answer_without_a_word(shop):
    sql.run("UPDATE hub_delivery SET status = 'lapsed' WHERE operation = 'stock.set'")
    assert _findings()["I4"].examples == []


# The negative controls (breaches.py)


@pytest.mark.parametrize("id_", sorted({breach[0] for breach in BREACHES}))
def test_every_broken_rule_is_found_and_named(shop, id_):
    unseen = []
    for _, says, *statements in [breach for breach in BREACHES if breach[0] == id_]:
        with transaction.atomic():
            for statement in statements:
                sql.run(statement)
            finding = verify.INVARIANTS[id_]()
            transaction.set_rollback(True)
        if not (finding.violations and any(example.startswith(says) for example in finding.examples)):
            unseen.append((says, statements))

    assert unseen == []


def test_every_check_has_a_negative_control():
    checks = {
        "I1": (*stock.I1, stock.shown_within_free([]), stock.covered_by_leases([], [])),
        "I2": (*stock.I2, *on_way.INCOMING, *counts.COUNTS), "I4": hub.I4, "I6": hub.going_out(),
        "I10": orders.I10, "I11": orders.I11, "I12": (*money.I12, *on_way.costs()),
        "I13": money.I13, "I14": states.I14, "I15": jobs.checks(),
    }  # fmt: skip
    broken = {(breach[0], breach[1]) for breach in BREACHES}
    # A reversal is made by nobody yet; its check has a test of its own. The guards are one check for all tables.
    alone = {"a reversal undoes exactly what it reverses", GUARD}

    without = [
        (id_, check.says)
        for id_, group in checks.items()
        for check in group
        if check.says not in alone and not any(id_ == i and check.says.startswith(says) for i, says in broken)
    ]

    assert without == []


def test_a_reversal_that_undoes_something_else_is_found(shop):
    entry = Entry.objects.filter(event="goods.received").first()
    made = ledger.reverse(entry, at=clock.now(), memo="typed twice")
    reversal = {"a reversal undoes exactly what it reverses"}
    said = {example.split(": ")[0] for example in _findings()["I12"].examples}
    assert said & reversal == set()

    sql.run("SET CONSTRAINTS ALL IMMEDIATE")
    sql.run("ALTER TABLE ledger_line DISABLE TRIGGER append_only")
    sql.run("UPDATE ledger_line SET debit_minor = debit_minor + 1 WHERE entry_id = %s AND debit_minor > 0", made.id)

    assert {example.split(": ")[0] for example in _findings()["I12"].examples} & reversal == reversal


# I7: what the other side counted


def _told(shop, count):
    names = [f"{parcel.shipment.number}-1" for parcel in Parcel.objects.select_related("shipment").order_by("id")]
    return names, {"shipengine": {"label.buy": dict.fromkeys(names, 1) | {names[0]: count}}}


@pytest.mark.parametrize(("count", "violations"), [(1, 0), (2, 1), (0, 1)])
def test_each_label_was_sold_once_by_the_carriers_own_count(shop, count, violations):
    names, effects = _told(shop, count)

    finding = peers.compare(effects)

    assert (finding.checked, finding.violations) == (len(names), violations)
    assert [example for example in finding.examples if names[0] in example] == finding.examples


def test_a_label_that_nobody_asked_for_is_found(shop):
    _, effects = _told(shop, 1)
    effects["shipengine"]["label.buy"]["S999-1"] = 1

    assert peers.compare(effects).examples == ["shipengine label.buy: S999-1 1 times, and nobody here asked for it"]


def test_a_call_that_is_still_under_way_may_have_no_effect_yet(shop):
    Delivery.objects.filter(operation="label.buy").update(status="unknown")
    _, effects = _told(shop, 0)

    assert peers.compare(effects).violations == 0


def test_a_letter_of_unknown_fate_may_have_been_sent_again(shop):
    letters = list(Delivery.objects.filter(operation="message.send").order_by("id"))
    effects = {"smtp": {"message.send": {str(row.subject): 1 for row in letters} | {str(letters[0].subject): 2}}}
    assert peers.compare(effects).violations == 1

    Attempt.objects.create(
        delivery=letters[0], number=2, at=clock.now(), wall_at=clock.wall(), milliseconds=1, outcome="unknown"
    )

    assert peers.compare(effects).violations == 0


def test_a_sandbox_that_does_not_answer_is_a_violation(shop, settings):
    settings.SANDBOX_ADDRESS, settings.PRIVATE_PEERS = "http://127.0.0.1:9", ["127.0.0.1:9"]

    finding = peers.check()

    assert (finding.checked, finding.violations) == (0, 1)


# The command


def test_the_command_says_it_to_people_and_programs(shop):
    out = StringIO()
    call_command("verify", stdout=out)
    said = StringIO()
    call_command("verify", "--json", stdout=said)

    assert out.getvalue().splitlines()[0].split()[0] == "I1"
    told = json.loads(said.getvalue())
    assert told["ok"]
    assert set(told["invariants"][0]) == {"id", "ok", "checked", "violations", "examples"}


def test_the_command_fails_on_a_violation(shop):
    sql.run("UPDATE orders_order SET is_held = true")
    out = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("verify", stdout=out)

    assert ended.value.code == 1
    assert "an order is on hold exactly while a hold is open" in out.getvalue()
