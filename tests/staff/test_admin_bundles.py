"""Bundles are composed in the record room; what cannot be one is refused in a sentence."""

import html

import pytest
from django.urls import reverse

from apps.catalog.models import Component
from apps.channels import services as channels
from apps.channels.models import Listing
from apps.hub.contracts import VariantCard
from tests import builders

pytestmark = pytest.mark.django_db


def _composition(bundle, *parts):
    form = {
        "product": str(bundle.product_id), "title": bundle.title, "barcode": "", "tax_code": "standard", "is_active": "on",
        "tracking": "none", "days_before_expiry": "0",
        "weight_g": "", "origin_country": "", "hs_code": "", "prices-TOTAL_FORMS": "0", "prices-INITIAL_FORMS": "0",
        "components-TOTAL_FORMS": str(len(parts)), "components-INITIAL_FORMS": "0",
    }  # fmt: skip
    for at, (part, units) in enumerate(parts):
        form |= {f"components-{at}-variant": str(part.pk), f"components-{at}-units": units}
    return form


def _compose(browser_as, bundle, *parts):
    address = reverse("admin:catalog_variant_change", args=[bundle.pk])
    return browser_as("owner").post(address, _composition(bundle, *parts))


def test_a_bundle_is_composed_and_its_listings_are_told(browser_as):
    gift, cup = builders.variant("GIFT"), builders.variant("CUP")
    listed = channels.take_cards(builders.connection(), [VariantCard(sku="GIFT", title="G")], {"GIFT": gift.id})
    Listing.objects.update(is_dirty=False)

    answer = _compose(browser_as, gift, (cup, "2"))

    assert (listed, answer.status_code, Listing.objects.get().is_dirty) == (1, 302, True)
    assert list(Component.objects.values_list("bundle__sku", "variant__sku", "units")) == [("GIFT", "CUP", 2)]


@pytest.mark.parametrize(
    ("sku", "part", "units", "words"),
    [
        ("GIFT", "GIFT", "1", "GIFT cannot be part of itself."),
        ("OUTER", "SET", "1", "SET is a bundle. Put its own articles into OUTER instead."),
        ("CUP", "POT", "1", "CUP is part of the bundle SET, so it cannot be a bundle itself."),
        ("STOCKED", "CUP", "1", "A bundle has no stock of its own"),
        ("GIFT", "CUP", "0", "greater than or equal to 1"),
        ("GIFT", "CUP", "-3", "greater than or equal to 0"),
        ("GIFT", "CUP", "9999999", "less than or equal to 1000"),
        ("GIFT", "CUP", "two", "Enter a whole number"),
    ],
)
def test_what_cannot_be_a_bundle_is_refused_in_a_sentence(browser_as, sku, part, units, words):
    rows = {name: builders.variant(name) for name in ("GIFT", "CUP", "POT", "OUTER", "STOCKED")}
    rows["SET"] = builders.bundle("SET", (rows["CUP"], 1))
    builders.stock(rows["STOCKED"], 1)

    page = _compose(browser_as, rows[sku], (rows[part], units))

    assert (page.status_code, words in html.unescape(page.content.decode())) == (200, True)
    assert list(Component.objects.values_list("bundle__sku", "variant__sku")) == [("SET", "CUP")]
