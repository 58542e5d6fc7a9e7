"""Who bought: one row an address and brand, nothing merged on a guess, addresses kept as written."""

import pytest

from apps.customers import services as customers
from apps.customers.models import Address, Customer
from apps.hub import contracts
from apps.hub.contracts import CustomerCard
from tests import builders

pytestmark = pytest.mark.django_db

RINA = CustomerCard(email="rina@example.com", name="Kato Rina")
HOME = contracts.Address(name="Kato Rina", country="JP", line1="1-2-3", city="西宮市")


@pytest.fixture
def brand():
    return builders.brand()


def _one(brand, card):
    (found,) = customers.recognise(brand, [card])
    return found


def test_a_new_customer_is_made_once_and_known_again(brand):
    first = _one(brand, RINA)

    assert _one(brand, RINA) == first
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("email", ["RINA@Example.com", "  rina@example.com "])
def test_an_address_is_compared_without_case_and_spaces(brand, email):
    assert _one(brand, CustomerCard(email=email)) == _one(brand, RINA)


def test_twice_in_one_batch_is_one_customer(brand):
    first, second = customers.recognise(brand, [RINA, RINA])

    assert first == second
    assert Customer.objects.count() == 1


def test_the_same_name_without_an_address_is_not_merged(brand):
    card = CustomerCard(name="Kato Rina")

    assert _one(brand, card) != _one(brand, card)


def test_another_brand_knows_nobody(brand):
    assert _one(builders.brand("other"), RINA) != _one(brand, RINA)


@pytest.mark.parametrize("card", [None, CustomerCard(), CustomerCard(external_id="7")])
def test_a_card_that_says_nothing_is_nobody(brand, card):
    assert _one(brand, card) is None
    assert Customer.objects.count() == 0


def test_results_stay_in_the_order_of_the_cards(brand):
    known = _one(brand, RINA)

    found = customers.recognise(brand, [None, CustomerCard(name="x"), RINA])

    assert [row and row.name for row in found] == [None, "x", "Kato Rina"]
    assert found[2] == known


def test_too_long_words_are_cut(brand):
    assert len(_one(brand, CustomerCard(name="x" * 500, phone="0" * 99)).name) == 160


def test_an_address_given_before_is_used_again(brand):
    rina = _one(brand, RINA)

    (first,) = customers.keep_addresses([(rina, HOME)])
    second, third = customers.keep_addresses([(rina, HOME), (rina, HOME)])

    assert first == second == third
    assert Address.objects.count() == 1


def test_one_letter_makes_another_address(brand):
    rina = _one(brand, RINA)
    moved = contracts.Address(name="Kato Rina", country="JP", line1="1-2-4", city="西宮市")

    customers.keep_addresses([(rina, HOME), (rina, moved)])

    assert Address.objects.count() == 2


def test_addresses_of_nobody_are_kept_each(brand):
    first, nothing, second = customers.keep_addresses([(None, HOME), (None, None), (None, HOME)])

    assert (nothing, first == second, Address.objects.count()) == (None, False, 2)


# In sets


def test_a_batch_is_taken_in_as_one_by_one(brand):
    moved = contracts.Address(name="Kato Rina", country="JP", line1="9-9")
    rina = _one(brand, RINA)
    (home,) = customers.keep_addresses([(rina, HOME)])
    guest = CustomerCard(name="Guest")

    found = customers.take_in(
        brand, [(RINA, HOME), (RINA, moved), (RINA, moved), (guest, HOME), (guest, None), (None, HOME), (None, None)]
    )

    ids = {customer.id for customer in Customer.objects.all()}
    assert found[0] == (rina.id, home.id)
    assert found[1] == found[2] == (rina.id, Address.objects.get(line1="9-9").id)
    assert [owner in ids for owner, _ in found] == [True, True, True, True, True, False, False]
    assert found[3][0] != found[4][0]
    assert found[5][0] is None
    assert Address.objects.get(id=found[5][1]).customer_id is None
    assert (found[4][1], found[6]) == (None, (None, None))
    assert (Customer.objects.count(), Address.objects.count()) == (3, 4)


def test_a_batch_at_an_empty_house_writes_each_once(brand):
    found = customers.take_in(brand, [(RINA, HOME), (RINA, HOME)])

    assert found[0] == found[1] == (Customer.objects.get().id, Address.objects.get().id)
