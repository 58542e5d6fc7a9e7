"""The record room: every list and form opens, costs a fixed number of queries, counts nothing and searches by index."""

import re
from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.catalog.models import Price, Product, Variant
from apps.core.models import Brand, Company
from apps.customers.models import Customer
from apps.hub.models import Delivery, FieldMap, InboxEvent
from apps.ledger.models import PostingRule, TaxRate
from apps.orders.models import Order
from apps.staff.admin.rooms import Room
from tests.staff.people import browser_of, make_person
from tests.staff.records import make_shop

SignIn = Callable[[str], Client]
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def _address(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def _queries_of(browser: Client, address: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert browser.get(address).status_code == 200
    return [query["sql"] for query in captured]


@pytest.mark.django_db
def test_every_list_form_and_history_opens(browser_as: SignIn):
    make_shop()
    owner = browser_as("owner")
    found = {}

    for model in MODELS:
        key = model.objects.order_by("pk").first().pk
        pages = [_address(model, "changelist"), _address(model, "change", key), _address(model, "history", key)]
        found[model._meta.label] = [owner.get(page).status_code for page in pages]

    assert found == {model._meta.label: [200, 200, 200] for model in MODELS}


@pytest.mark.django_db
def test_lists_and_forms_cost_the_same_whatever_the_number_of_rows(browser_as: SignIn):
    make_shop()
    owner = browser_as("owner")

    def cost() -> dict[str, list[int]]:
        return {
            model._meta.label: [
                len(_queries_of(owner, _address(model, "changelist"))),
                len(_queries_of(owner, _address(model, "change", model.objects.order_by("pk").first().pk))),
            ]
            for model in MODELS
        }

    cost()  # what a process looks up once (content types) is out of the way
    before = cost()
    make_more(4)

    assert cost() == before


def make_more(many: int) -> None:
    """More rows beside those of `make_shop`, in lists and inside records."""
    make_shop(many, more=True)
    for number in range(many):
        User.objects.create(username=f"more{number}").groups.add(Group.objects.get(name="staff"))
        Group.objects.create(name=f"more{number}")


@pytest.mark.django_db
def test_nothing_is_counted(browser_as: SignIn):
    make_shop(3)
    owner = browser_as("owner")

    counting = {
        model._meta.label: [sql for sql in _queries_of(owner, _address(model, "changelist")) if "COUNT(" in sql.upper()]
        for model in MODELS
    }

    assert counting == {model._meta.label: [] for model in MODELS}


@pytest.mark.django_db
def test_pages_follow_one_another_by_key_and_meet_every_row_once(browser_as: SignIn, monkeypatch):
    monkeypatch.setattr(admin.site._registry[Order], "list_per_page", 3)
    make_shop(8)
    owner, address, seen, sizes = browser_as("owner"), _address(Order, "changelist"), [], []

    while address:
        page = owner.get(address).content.decode()
        numbers = list(dict.fromkeys(re.findall(r">(KG-\d+)<", page)))
        sizes.append(len(numbers))
        seen += numbers
        more = re.search(r'href="([^"]+)" rel="next"', page)
        address = more and _address(Order, "changelist") + more.group(1)

    assert sizes == [3, 3, 2]
    assert seen == [f"KG-{number}" for number in reversed(range(8))]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", ["?p=nonsense", "?p=00000000-0000-0000-0000-000000000000", "?o=3", "?q=%00", "?p=", "?all="]
)
def test_an_odd_address_is_answered_with_a_list(browser_as: SignIn, page: str):
    make_shop()

    assert browser_as("owner").get(_address(Order, "changelist") + page).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "filtered", ["?customer__email__startswith=k", "?channel__settings__contains=x", "?total_minor__gt=1"]
)
def test_lists_are_not_filtered_by_fields_that_nobody_named(browser_as: SignIn, filtered: str):
    make_shop()

    assert browser_as("owner").get(_address(Order, "changelist") + filtered).status_code == 400


# A record, and what somebody types to find it.
SEARCHES = [
    (Order, "KG-1"), (Order, "#1"), (Variant, "tea-1"), (Product, "TEA-1"), (Customer, "Kato 1"),
    (Customer, "k1@example.com"), (Customer, "03-0001"), (InboxEvent, "order:1"), (InboxEvent, "evt_1"),
    (Delivery, "void:1"),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "term"), SEARCHES, ids=lambda value: getattr(value, "__name__", value))
def test_a_search_finds_the_one_record(browser_as: SignIn, model: type, term: str):
    make_shop(3)

    page = browser_as("owner").get(_address(model, "changelist"), {"q": term}).content.decode()

    change = re.escape(_address(model, "changelist"))
    assert len(set(re.findall(rf'href="{change}([0-9a-f-]{{36}})/change/', page))) == 1


def _condition(model: type, room: Room, lookup: str, term: str) -> QuerySet:
    """The lookup on the table that holds its column: the way there is by foreign keys, which are all indexed."""
    *relations, _field, _way = lookup.split("__")
    if not relations:
        return model._default_manager.filter(**room._exactly(lookup, term))
    for relation in relations:
        model = model._meta.get_field(relation).related_model
    return model._default_manager.filter(**{lookup.removeprefix("__".join(relations) + "__"): term})


@pytest.mark.django_db
def test_every_search_is_served_by_an_index(browser_as: SignIn):
    make_shop()
    browser_as("owner")
    unserved = []

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table of three rows is never worth an index
        for model, room in admin.site._registry.items():
            for lookup in room.get_search_fields(None):
                rows = _condition(model, room, lookup, "0190a0a0-0000-7000-8000-000000000001").order_by()
                if "Index Cond" not in rows.values_list("pk")[:10].explain():
                    unserved.append((model._meta.label, lookup))

    assert unserved == [("auth.User", "email__exact")]  # a shop's staff is few


@pytest.mark.django_db
def test_records_that_stories_write_cannot_be_written_here(browser_as: SignIn):
    shop = make_shop()
    owner = browser_as("owner")

    answers = [
        owner.post(_address(Order, "change", shop.order.pk), {"number": "KG-9"}).status_code,
        owner.get(_address(Order, "add")).status_code,
        owner.post(_address(Order, "delete", shop.order.pk), {"post": "yes"}).status_code,
    ]

    assert answers == [403, 403, 403]


@pytest.mark.django_db
def test_nothing_that_others_point_at_is_deleted_here(browser_as: SignIn):
    make_shop()
    owner = browser_as("owner")
    found = {}

    for model in MODELS:
        key = model.objects.order_by("pk").first().pk
        found[model._meta.label] = owner.post(_address(model, "delete", key), {"post": "yes"}).status_code

    assert found == {model._meta.label: 403 for model in MODELS}


@pytest.mark.django_db
def test_an_edit_is_kept_with_the_person_and_shown_as_history(browser_as: SignIn):
    brand = Brand.objects.create(code="aoba", name="Aobado")
    owner = browser_as("owner")

    owner.post(
        _address(Brand, "change", brand.pk), {"code": "aoba", "name": "Aobado Tea", "locale": "ja", "mail_from": ""}
    )
    page = owner.get(_address(Brand, "history", brand.pk)).content.decode()

    assert [(edit.name, edit.pgh_context.metadata["actor"]) for edit in brand.edits.all()] == [("Aobado", "owner")]
    assert "Aobado</del> → Aobado Tea" in page


@pytest.mark.django_db
def test_there_is_one_company(browser_as: SignIn):
    Company.objects.create(name="Aobado")

    assert browser_as("owner").get(_address(Company, "add")).status_code == 403


@pytest.mark.django_db
def test_a_price_is_set_with_its_variant(browser_as: SignIn):
    shop = make_shop()
    form = {
        "product": str(shop.variant.product_id), "barcode": "", "title": "Tea 100 g", "tax_code": "reduced", "is_active": "on",
        "tracking": "none", "days_before_expiry": "0",
        "weight_g": "", "origin_country": "", "hs_code": "", "prices-TOTAL_FORMS": "1", "prices-INITIAL_FORMS": "0",
        "prices-0-variant": str(shop.variant.pk), "prices-0-currency": "USD", "prices-0-amount": "9.50",
        "components-TOTAL_FORMS": "0", "components-INITIAL_FORMS": "0",
    }  # fmt: skip

    browser_as("staff").post(_address(Variant, "change", shop.variant.pk), form)

    assert [str(price) for price in Price.objects.filter(currency="USD")] == ["9.500000 USD"]
    assert Variant.objects.get(pk=shop.variant.pk).title == "Tea 100 g"


@pytest.mark.django_db
def test_a_rule_is_changed_by_a_later_version(browser_as: SignIn):
    lines = '[{"side": "debit", "account": "clearing", "amount": "a"}, {"side": "credit", "account": "advance", "amount": "a"}]'
    accountant = browser_as("accountant")

    accountant.post(
        _address(PostingRule, "add"), {"event": "payment.captured", "from_day": "2027-01-01", "lines": lines}
    )

    assert list(PostingRule.objects.filter(event="payment.captured").values_list("version", flat=True)) == [1, 2]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "lines",
    [
        "{}",
        "[1]",
        '[{"side": "debit", "account": "nowhere", "amount": "a"}, {"side": "credit", "account": "sales", "amount": "a"}]',
        '[{"side": "debit", "account": "sales", "amount": "a"}]',
    ],
    ids=["no list", "no lines", "no such account", "one side"],
)  # fmt: skip
def test_a_rule_that_could_not_post_is_refused(browser_as: SignIn, lines: str):
    form = {"event": "odd", "from_day": "2027-01-01", "lines": lines}

    assert browser_as("accountant").post(_address(PostingRule, "add"), form).status_code == 200
    assert not PostingRule.objects.filter(event="odd").exists()


@pytest.mark.django_db
def test_a_tax_rate_is_added(browser_as: SignIn):
    form = {"tax_code": "standard", "country": "JP", "rate_bp": "1200", "from_day": "2030-01-01"}

    browser_as("accountant").post(_address(TaxRate, "add"), form)

    assert TaxRate.objects.get(from_day="2030-01-01").rate_bp == 1200


@pytest.mark.django_db
def test_a_field_map_is_changed_by_its_next_version(browser_as: SignIn):
    shop = make_shop()
    form = {"connection": str(shop.connection.pk), "tables": '{"payment_method": {"COD": "cod"}}'}

    browser_as("owner").post(_address(FieldMap, "add"), form)

    newest = FieldMap.objects.latest("version")
    assert (newest.version, newest.tables, newest.made_by) == (2, {"payment_method": {"COD": "cod"}}, "owner")


@pytest.mark.django_db
def test_payloads_are_shown_redacted_and_only_to_those_who_may_see_them(browser_as: SignIn):
    shop = make_shop()
    address = _address(InboxEvent, "change", shop.event.pk)

    seen = {role: browser_as(role).get(address).content.decode() for role in ("owner", "staff")}
    blind = make_person("blind", "staff")
    blind.groups.clear()
    blind.user_permissions.set(_permissions("staff.records.view", "hub.view_inboxevent"))
    unseen = browser_of(blind).get(address).content.decode()

    assert ["&quot;order&quot;: 1" in page for page in (*seen.values(), unseen)] == [True, True, False]
    assert not any("rina@example.com" in page for page in (*seen.values(), unseen))


def _permissions(*words: str) -> list:
    everything = User._meta.get_field("user_permissions").related_model.objects.select_related("content_type")
    return [p for p in everything if f"{p.content_type.app_label}.{p.codename}" in words]


@pytest.mark.django_db
def test_lists_do_not_read_sealed_bodies(browser_as: SignIn):
    make_shop()
    owner = browser_as("owner")

    reading = [sql for model in (InboxEvent, Delivery) for sql in _queries_of(owner, _address(model, "changelist"))]

    assert not any('"sealed"' in sql for sql in reading)


@pytest.mark.django_db
def test_autocompletion_finds_by_the_whole_word_and_counts_nothing(browser_as: SignIn):
    make_shop(3)
    asked = {"app_label": "catalog", "model_name": "variant", "field_name": "product"}

    with CaptureQueriesContext(connection) as captured:
        found = browser_as("owner").get(reverse("admin:autocomplete"), asked | {"term": "TEA-1"}).json()

    assert [result["text"] for result in found["results"]] == ["Tea 1"]
    assert found["pagination"] == {"more": False}
    assert not any("COUNT(" in query["sql"] for query in captured)
