"""What the lines of payouts are about, and what is left unexplained: to the minor unit, on words handed in and on the stand-in."""

import sqlite3
from datetime import date
from itertools import count

import pytest

from apps.core import clock, net
from apps.core.models import Company
from apps.flows import match_lines, reconcile_money, refund_order, settle_payment, wiring
from apps.flows.place_orders import place_orders
from apps.hub import connections
from apps.hub.contracts import UNKNOWN, MoneyLine, PaymentFact, Payout, RefundFact
from apps.hub.models import JobRun
from apps.ledger import services as ledger
from apps.ledger.models import Entry
from apps.payments.models import Payment, Refund
from apps.reconciliation import models, queries, services
from apps.reconciliation.models import Difference, Statement
from tests import builders
from tests.connectors.stand import Stand

pytestmark = pytest.mark.django_db
NIGHT, NEXT = "2026-11-23", "2026-11-24"
FEE = 36
_numbers = count(1)


@pytest.fixture
def shop():
    """The channel that sells cups for 1,100 yen, of which there are enough."""
    wiring.forget()
    connections.forget()
    ledger.forget_rules()
    Company.objects.create(name="青葉堂")
    builders.stock(builders.variant("CUP"), 50)
    return builders.connection("shopify")


@pytest.fixture
def stripe(shop):
    return builders.connection("stripe")


def order(shop, number="", *, method="card"):
    draft = builders.order_draft(
        builders.line_draft(sku="CUP"), payment_method=method, number=number or f"#{next(_numbers)}"
    )
    return place_orders([draft], source=shop).orders[0]


def sale(shop, stripe, *, minor=1100, captured=1100):
    """An order whose payment the provider tells of; the provider's id of it."""
    made = order(shop)
    fact = PaymentFact(
        provider_id=f"pi_{made.number}", status="captured", currency="JPY", amount_minor=minor, at=clock.now(),
        authorised_minor=minor, captured_minor=captured, order_reference=made.external_number, method="card",
    )  # fmt: skip
    settle_payment.settle([fact], source=stripe)
    return fact.provider_id


def refund(payment_id, minor, *, told=""):
    """Asked for; `told`: what the provider has said of it."""
    made = refund_order.refund(Payment.objects.get(provider_id=payment_id), amount_minor=minor, reason="", actor="hana")
    if told:
        say(made, told)
    return made


def say(made, status):
    fact = RefundFact(
        provider_id=f"re_{made.id}", payment_provider_id=made.payment.provider_id, status=status, currency="JPY",
        amount_minor=made.amount_minor, at=clock.now(), reference=str(made.id),
    )  # fmt: skip
    assert refund_order.take_fact(fact, source=made.payment.connection)


def charge(payment_id, minor=1100, **facts):
    return line("charge", minor, fee_minor=FEE, payment_id=payment_id, **facts)


def given_back(made, minor=None, **facts):
    minor = -made.amount_minor if minor is None else minor
    return line("refund", minor, payment_id=made.payment.provider_id, refund_id=f"re_{made.id}", **facts)


def line(kind, minor, *, fee_minor=0, **facts):
    facts = {"provider_id": f"txn_{next(_numbers)}", "currency": "JPY"} | facts
    return MoneyLine(
        kind=kind, amount_minor=minor, fee_minor=fee_minor, net_minor=minor - fee_minor, at=clock.now(), **facts
    )


def take(stripe, *lines, missing=0, period=NIGHT, currency="JPY"):
    """A payout of these lines, and of one that is missing in the list."""
    made = Payout(
        provider_id=f"po_{next(_numbers)}", amount_minor=sum(one.net_minor for one in lines) + missing, currency=currency,
        arrives_on=date(2026, 11, 25), status="paid", at=clock.now(),
    )  # fmt: skip
    return reconcile_money.take_payout(made, lines, source=stripe, period=period)


def refs():
    return list(models.MoneyLine.objects.order_by("id").values_list("payment_ref", "difference"))


def differences():
    """(class, thing, ours, theirs, unexplained, state) of all, in the order in which they were found."""
    names = ("kind", "thing", "ours_minor", "theirs_minor", "unexplained_minor", "state")
    return list(Difference.objects.order_by("id").values_list(*names))


# Everything matches


def test_charges_refunds_and_fees_are_matched_and_nothing_is_left(shop, stripe):
    first, second = sale(shop, stripe), sale(shop, stripe)
    told, asked, back = refund(first, 300, told="succeeded"), refund(first, 200), refund(second, 400, told="failed")
    lines = [
        charge(first), charge(second), given_back(told), given_back(asked, reference=str(asked.id)),
        given_back(back), given_back(back, 400), line("fee", -50),
    ]  # fmt: skip
    assert take(stripe, *lines) is False
    ids = dict(Payment.objects.values_list("provider_id", "id"))
    one, two = ids[first], ids[second]
    assert refs() == [(one, None), (two, None), (one, None), (one, None), (two, None), (two, None), (None, None)]
    assert (queries.unexplained(), queries.unexplained(NIGHT), differences()) == ({}, {}, [])


def test_a_part_of_a_payment_that_was_captured_is_what_its_line_says(shop, stripe):
    payment = sale(shop, stripe, captured=700)
    assert take(stripe, charge(payment, 700)) is False
    assert (queries.unexplained(), differences()) == ({}, [])


def test_without_matching_nothing_is_explained(shop, stripe, monkeypatch):
    """The negative control: the figure is made of what is not matched."""
    monkeypatch.setattr(match_lines, "match", lambda *_args, **_facts: match_lines.Matches())
    payment = sale(shop, stripe)
    take(stripe, charge(payment), given_back(refund(payment, 300, told="succeeded")), line("fee", -50))
    assert queries.unexplained() == {"JPY": 1100 - FEE + 300}


# What nobody knows


def test_a_line_of_an_unknown_payment_leaves_exactly_its_net(shop, stripe):
    stray = charge("pi_unknown", 5000)
    assert take(stripe, charge(sale(shop, stripe)), stray) is True
    assert (queries.unexplained(), queries.unexplained(NEXT)) == ({"JPY": 5000 - FEE}, {})
    assert differences() == [("payment_status", stray.provider_id, 0, 5000, 5000 - FEE, "open")]
    assert [bool(payment) or bool(difference) for payment, difference in refs()] == [True, True]


@pytest.mark.parametrize("kind", ["adjustment", "dispute", UNKNOWN])
def test_a_movement_of_the_account_leaves_its_net(shop, stripe, kind):
    payment = sale(shop, stripe)
    take(stripe, charge(payment), line(kind, -1100, fee_minor=1300, payment_id=payment))
    assert queries.unexplained() == {"JPY": 2400}


def test_a_refund_that_nobody_here_made_leaves_its_net(shop, stripe):
    payment = sale(shop, stripe)
    take(stripe, charge(payment), line("refund", -300, payment_id=payment, refund_id="re_console"))
    assert queries.unexplained() == {"JPY": 300}


def test_amounts_never_cancel_out_and_currencies_stay_apart(shop, stripe):
    take(stripe, line("adjustment", 500), line("adjustment", -500))
    take(stripe, line("adjustment", 70, currency="USD"), currency="USD")
    assert queries.unexplained() == {"JPY": 1000, "USD": 70}


def test_a_person_who_says_why_explains_it(shop, stripe):
    take(stripe, line("adjustment", 500))
    services.accept(Difference.objects.get(), actor="hana", note="a gift of the provider")
    assert queries.unexplained() == {}


def test_a_night_tells_its_own(shop, stripe):
    take(stripe, line("adjustment", 500))
    take(stripe, line("adjustment", 30), period=NEXT)
    nights = [queries.night(period).unexplained_minor for period in (NIGHT, NEXT)]
    assert (nights, queries.unexplained()) == ([{"JPY": 500}, {"JPY": 30}], {"JPY": 530})


# What has a name


def test_a_missing_line_is_named_with_its_amount(shop, stripe):
    assert take(stripe, charge(sale(shop, stripe)), missing=900) is True
    ((kind, _thing, ours, theirs, left, _state),) = differences()
    assert (kind, theirs - ours, left, queries.unexplained()) == ("payout_sum", 900, 0, {})


def test_a_rest_that_its_difference_does_not_say_is_unexplained(shop, stripe):
    """The negative control: another amount is no name for this one, and none at all is none."""
    take(stripe, charge(sale(shop, stripe)), missing=900)
    Difference.objects.update(theirs_minor=Difference.objects.get().ours_minor + 850)
    assert queries.unexplained() == {"JPY": 50}
    Difference.objects.all().delete()
    assert queries.unexplained() == {"JPY": 900}


def test_another_amount_is_a_difference_of_its_payment(shop, stripe):
    payment = sale(shop, stripe)
    assert take(stripe, charge(payment, 1000)) is True
    assert differences() == [("payment_amount", payment, 1100, 1000, 0, "open")]
    assert queries.unexplained() == {}


def test_another_currency_is_a_difference_of_its_payment(shop, stripe):
    payment = sale(shop, stripe)
    take(stripe, charge(payment, currency="USD"), currency="USD")
    assert [(kind, thing) for kind, thing, *_ in differences()] == [("payment_amount", payment)]


def test_a_payment_that_is_paid_out_twice_is_found(shop, stripe):
    payment = sale(shop, stripe)
    take(stripe, charge(payment))
    take(stripe, charge(payment))
    assert differences() == [("payment_amount", payment, 1100, 2200, 0, "open")]


def test_a_payment_for_another_amount_explains_its_lines_without_a_second_difference(shop, stripe):
    payment = sale(shop, stripe, minor=1000, captured=1000)
    doubt = differences()
    take(stripe, charge(payment, 1000), line("refund", -1000, payment_id=payment, refund_id="re_1"))
    assert (differences(), queries.unexplained()) == (doubt, {})
    assert [kind for kind, *_ in doubt] == ["payment_amount"]
    assert {difference for _, difference in refs()} == {Difference.objects.get().id}


def test_a_refund_that_was_not_believed_explains_its_line_and_a_paid_amount_does_not(shop, stripe):
    payment = sale(shop, stripe)
    fact = RefundFact(
        provider_id="re_usd", payment_provider_id=payment, status="succeeded", currency="USD", amount_minor=300,
        at=clock.now(),
    )  # fmt: skip
    assert refund_order.take_fact(fact, source=stripe)
    doubt = differences()
    assert [(kind, thing) for kind, thing, *_ in doubt] == [("payment_amount", "re_usd")]
    take(stripe, charge(payment), line("refund", -300, payment_id=payment, refund_id="re_usd"))
    assert (differences(), queries.unexplained()) == (doubt, {})
    other = sale(shop, stripe)
    take(stripe, charge(other, 1000), line("refund", -100, payment_id=other, refund_id="re_console"))
    assert queries.unexplained() == {"JPY": 100}


@pytest.mark.parametrize(
    ("told", "amounts", "found"),
    [
        ("succeeded", [-300, 300], ("payment_status", -300, 0)),
        ("failed", [-300], ("payment_status", 0, -300)),
        ("succeeded", [-250], ("payment_amount", -300, -250)),
        ("succeeded", [-300, -300], ("payment_amount", -300, -600)),
    ],
)
def test_a_refund_that_stands_otherwise_is_a_difference(shop, stripe, told, amounts, found):
    payment = sale(shop, stripe)
    made = refund(payment, 300, told=told)
    take(stripe, charge(payment), *(given_back(made, minor) for minor in amounts))
    kind, ours, theirs = found
    assert differences() == [(kind, f"re_{made.id}", ours, theirs, 0, "open")]
    assert queries.unexplained() == {}


# Later nights


def test_what_is_learnt_later_closes_its_difference(shop, stripe):
    late = order(shop)
    take(stripe, charge("pi_late"), charge("pi_unknown", 200))
    assert queries.unexplained() == {"JPY": 1100 - FEE + 200 - FEE}
    fact = PaymentFact(
        provider_id="pi_late", status="captured", currency="JPY", amount_minor=1100, authorised_minor=1100,
        captured_minor=1100, at=clock.now(), order_reference=late.external_number,
    )  # fmt: skip
    settle_payment.settle([fact], source=stripe)
    assert [match_lines.look_again(stripe) for _ in range(2)] == [1, 0]
    assert queries.unexplained() == {"JPY": 200 - FEE}
    assert [state for *_, state in differences()] == ["repaired", "open"]


def test_a_refund_that_comes_back_later_closes_its_difference(shop, stripe):
    payment = sale(shop, stripe)
    made = refund(payment, 300, told="failed")
    take(stripe, charge(payment), given_back(made))
    take(stripe, given_back(made, 300), period=NEXT)
    match_lines.look_again(stripe)
    assert [(kind, state) for kind, *_, state in differences()] == [("payment_status", "repaired")]


# The stand-in


@pytest.fixture
def stand(tmp_path, settings):
    with Stand(tmp_path) as made:
        settings.PRIVATE_PEERS = made.peers()
        yield made
        net.close()


@pytest.fixture
def live(shop, stand):
    """A connection that calls the stand-in."""
    return connections.create(
        brand=shop.brand, connector="stripe", name="Stripe", settings={"api_base": stand.url("stripe")},
        secrets={"api_key": "sk_test_1", "webhook_secret": "whsec_1"},
    )  # fmt: skip


def paid_slip(stand, number, minor):
    told = stand.told(
        "stripe/checkout", order_number=number, amount_minor=minor, currency="JPY", method="konbini", outcome="expire"
    )
    stand.told("stripe/pay_voucher", payment=told["payment"])
    return told["payment"]


def night(period=NIGHT):
    run = JobRun.objects.create(job=f"night:{JobRun.objects.count()}", period=period, due_at=clock.now())
    reconcile_money.compare_payments(run)
    reconcile_money.compare_payouts(run)


def rows():
    return [
        list(model.objects.order_by("id").values())
        for model in (models.MoneyLine, models.Payout, Difference, Entry, Payment, Refund)
    ]


def test_a_night_with_the_stand_in_and_the_same_night_again(shop, live, stand):
    for number in ("#9001", "#9002", "#9003"):
        order(shop, number, method="konbini")
    right, wrong = paid_slip(stand, "#9001", 1100), paid_slip(stand, "#9002", 1000)
    paid_slip(stand, "#nobody", 3000)
    (payout,) = stand.told("stripe/settle_day", day=NIGHT)["payouts"]
    night()
    found = [(kind, left, state) for kind, _, _, _, left, state in differences()]
    assert found == [
        ("payment_amount", 0, "open"), ("payment_status", 0, "repaired"), ("payment_status", 3000 - 108, "open"),
    ]  # fmt: skip
    assert {thing for kind, thing, *_ in differences() if kind == "payment_amount"} == {wrong}
    matched = models.MoneyLine.objects.get(payment_id=right)
    assert (matched.payment_ref, matched.net_minor) == (Payment.objects.get(provider_id=right).id, 1100 - 40)
    assert (queries.unexplained(), queries.unexplained(NIGHT)) == ({"JPY": 2892}, {"JPY": 2892})
    before = rows()
    night()
    assert rows() == before

    paid_slip(stand, "#9003", 1100)
    paid_slip(stand, "#nothing", 2000)
    stand.told("stripe/settle_day", day=NEXT)
    leave_out(stand, payout, "#nothing")
    night(NEXT)
    assert [(kind, thing == payout, left) for kind, thing, _, _, left, _ in differences()[len(found) + 1 :]] == [
        ("payout_sum", False, 0)
    ]
    assert (queries.unexplained(), queries.unexplained(NEXT)) == ({"JPY": 2892}, {})
    assert Statement.objects.get(leg="payouts", period=NEXT).verdict == "different"


def leave_out(stand, before, number):
    """The list of the newest payout lacks the line of one order, as the plan of a seeded run would have it."""
    with sqlite3.connect(stand.folder / "world.sqlite", timeout=10) as db:
        db.execute(
            "UPDATE stripe_payout SET left_out = (SELECT l.id FROM stripe_line l JOIN stripe_intent i"
            " ON l.source = 'ch_' || substr(i.id, 4) WHERE i.number = ?) WHERE id <> ?",
            (number, before),
        )
