"""Suppliers are set up in the record room, and a place is closed there only when it is empty."""

import pytest
from django.urls import reverse

from apps.inventory.models import Location, Supplier, SupplierItem
from apps.staff.admin import purchasing
from tests import builders
from tests.flows.buying import ordered, supplier

pytestmark = pytest.mark.django_db
ADD = reverse("admin:inventory_supplier_add")


def _form(**facts):
    form = {
        "code": "kiln", "name": "Kiln", "currency": "usd", "lead_time_days": "30", "review_days": "14",
        "minimum_order": "250.50", "over_receipt_percent": "3", "email": "", "phone": "", "address": "", "is_active": "on",
        "items-TOTAL_FORMS": "0", "items-INITIAL_FORMS": "0",
    }  # fmt: skip
    return form | facts


def test_a_supplier_is_added_with_amounts_as_people_write_them(browser_as):
    answer = browser_as("staff").post(ADD, _form())

    made = Supplier.objects.get()
    assert (answer.status_code, made.currency, made.minimum_order_minor, made.lead_time_days) == (302, "USD", 25050, 30)
    shown = purchasing._SupplierForm(instance=made)
    assert shown.initial["minimum_order"] == "250.50"


@pytest.mark.parametrize("currency", ["yen!", "12", "円円円"])
def test_a_currency_that_is_none_is_refused(browser_as, currency):
    assert browser_as("owner").post(ADD, _form(currency=currency)).status_code == 200
    assert Supplier.objects.count() == 0


def test_a_supplier_keeps_the_currency_in_which_something_was_ordered(browser_as):
    ordered((builders.variant(), 1, "5"))
    row = Supplier.objects.get()

    page = browser_as("owner").post(reverse("admin:inventory_supplier_change", args=[row.pk]), _form())

    assert "ordered here in another currency" in page.content.decode()
    assert Supplier.objects.get().currency == "JPY"


def test_what_a_supplier_sells_is_added(browser_as):
    row, article = supplier(), builders.variant("CUP")
    form = {
        "supplier": str(row.pk), "variant": str(article.pk), "code": "K-9", "pack_size": "12", "price": "9.5",
        "is_preferred": "on",
    }  # fmt: skip

    staff, add = browser_as("staff"), reverse("admin:inventory_supplieritem_add")
    staff.post(add, form)
    staff.post(add, form | {"pack_size": "0", "code": "K-8"})

    assert list(SupplierItem.objects.values_list("code", "pack_size")) == [("K-9", 12)]


def _close(browser, place):
    form = {"code": place.code, "name": place.name, "brand": "", "ship_from": "{}"}
    return browser.post(reverse("admin:inventory_location_change", args=[place.pk]), form)


def test_a_place_with_stock_is_not_closed_and_the_page_says_what_lies_there(browser_as):
    builders.stock(builders.variant("CUP"), 3)
    main = builders.location()

    page = _close(browser_as("owner"), main)

    assert (page.status_code, "CUP (3 lie there)" in page.content.decode()) == (200, True)
    assert Location.objects.get().is_active


def test_an_empty_place_is_closed_and_a_default_one_is_not(browser_as):
    shop, main = builders.location("shop"), builders.location()
    owner = browser_as("owner")

    _close(owner, shop)
    owner.post(
        reverse("admin:inventory_location_change", args=[main.pk]),
        {"code": "main", "name": "main", "brand": "", "ship_from": "{}", "is_default": "on"},
    )

    assert dict(Location.objects.values_list("code", "is_active")) == {"shop": False, "main": True}
