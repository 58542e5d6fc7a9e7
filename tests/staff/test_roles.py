"""Who may do what: the table of roles written out once more by hand, and every address of the staff UI against it.

A new view has no row here and fails. A row says which ability each method of a view needs; a method without one is refused
to everybody.
"""

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from apps.staff import roles
from tests.staff.addresses import every_address
from tests.staff.people import browser_of, make_person

OWNER, STAFF, WAREHOUSE, ACCOUNTANT, READER = ROLES = ("owner", "staff", "warehouse", "accountant", "read-only")
EVERYBODY = set(ROLES)

WHO_MAY = {
    "orders.view": EVERYBODY,
    "orders.hold": {OWNER, STAFF},
    "orders.ship": {OWNER, STAFF, WAREHOUSE},
    "orders.cancel": {OWNER, STAFF},
    "orders.refund": {OWNER, STAFF, ACCOUNTANT},
    "customers.edit": {OWNER, STAFF},
    "customers.privacy": {OWNER},
    "stock.view": EVERYBODY,
    "stock.adjust": {OWNER, STAFF, WAREHOUSE},
    "stock.approve": {OWNER, STAFF},
    "stock.value": EVERYBODY - {WAREHOUSE},
    "listings.manage": {OWNER, STAFF},
    "purchases.view": EVERYBODY,
    "purchases.order": {OWNER, STAFF},
    "purchases.cost": {OWNER, STAFF, ACCOUNTANT},
    "books.view": {OWNER, ACCOUNTANT},
    "night.view": EVERYBODY - {WAREHOUSE},
    "night.decide": {OWNER, STAFF, ACCOUNTANT},
    "connections.view": EVERYBODY - {WAREHOUSE},
    "connections.retry": {OWNER, STAFF},
    "connections.manage": {OWNER},
    "payload.view": {OWNER, STAFF},
    "records.view": EVERYBODY - {WAREHOUSE},
    "settings.manage": {OWNER},
}

# Name of the view -> method -> the ability it needs. A view of the staff UI without a row fails the tests below.
NEEDS: dict[str, dict[str, str]] = {
    "staff:home": {"GET": ""},
    "staff:setup_owner": {"GET": "", "POST": ""},
    "staff:setup": {"GET": "settings.manage"},
    "staff:setup_step": {"GET": "settings.manage", "POST": "settings.manage"},
    "staff:desk": {"GET": "orders.view"},
    "staff:desk_fresh": {"GET": "orders.view"},
    "staff:desk_bulk": {"POST": "orders.hold"},
    "staff:person": {"GET": "orders.view"},
    "staff:person_consent": {"POST": "customers.edit"},
    "staff:person_disclose": {"POST": "customers.privacy"},
    "staff:person_erase": {"GET": "customers.privacy", "POST": "customers.privacy"},
    "staff:privacy": {"GET": "customers.privacy"},
    "staff:order": {"GET": "orders.view"},
    "staff:order_hold": {"POST": "orders.hold"},
    "staff:order_release": {"POST": "orders.hold"},
    "staff:order_ship": {"POST": "orders.ship"},
    "staff:order_cancel": {"POST": "orders.cancel"},
    "staff:order_refund": {"POST": "orders.refund"},
    "staff:order_ask": {"POST": "connections.retry"},
    "staff:order_note": {"POST": "orders.hold"},
    "staff:payload_delivery": {"GET": "payload.view"},
    "staff:payload_event": {"GET": "payload.view"},
    "staff:pack": {"GET": "orders.ship"},
    "staff:pack_one": {"GET": "orders.ship"},
    "staff:pack_scan": {"POST": "orders.ship"},
    "staff:pack_out": {"POST": "orders.ship"},
    "staff:pack_confirm": {"POST": "orders.ship"},
    "staff:pack_label": {"GET": "orders.ship", "POST": "orders.ship"},
    "staff:pack_give": {"POST": "orders.ship"},
    "staff:pack_carrier": {"GET": "orders.ship"},
    "staff:pack_export": {"POST": "orders.ship"},
    "staff:pack_upload": {"POST": "orders.ship"},
    "staff:pack_sheet": {"GET": "orders.ship"},
    "staff:pack_numbers": {"GET": "orders.ship"},
    "staff:stock": {"GET": "stock.view"},
    "staff:stock_why": {"GET": "stock.view"},
    "staff:suggestions": {"GET": "stock.view"},
    "staff:suggestions_draft": {"POST": "purchases.order"},
    "staff:stock_tell": {"POST": "connections.retry"},
    "staff:listings": {"GET": "stock.view"},
    "staff:listing": {"GET": "stock.view"},
    "staff:channel_rule": {"GET": "stock.view"},
    "staff:channel_rule_save": {"POST": "listings.manage"},
    "staff:stop_decide": {"POST": "listings.manage"},
    "staff:listing_link": {"POST": "listings.manage"},
    "staff:listing_part": {"POST": "listings.manage"},
    "staff:listing_match": {"POST": "listings.manage"},
    "staff:listing_rule": {"POST": "listings.manage"},
    "staff:stock_aside": {"POST": "stock.adjust"},
    "staff:stock_name": {"POST": "stock.adjust"},
    "staff:lots": {"GET": "stock.view"},
    "staff:lot": {"GET": "stock.view"},
    "staff:lot_orders": {"GET": "orders.view"},
    "staff:lot_expiry": {"POST": "stock.adjust"},
    "staff:lot_take_away": {"POST": "stock.adjust"},
    "staff:lot_throw_away": {"POST": "stock.adjust"},
    "staff:stock_value": {"GET": "stock.value"},
    "staff:stock_value_csv": {"GET": "stock.value"},
    "staff:transfers": {"GET": "stock.view"},
    "staff:transfer_new": {"GET": "stock.adjust"},
    "staff:transfer_make": {"POST": "stock.adjust"},
    "staff:transfer": {"GET": "stock.view"},
    "staff:transfer_lines": {"POST": "stock.adjust"},
    "staff:transfer_send": {"POST": "stock.adjust"},
    "staff:transfer_cancel": {"POST": "stock.adjust"},
    "staff:transfer_receive": {"POST": "stock.adjust"},
    "staff:transfer_lose": {"POST": "stock.adjust"},
    "staff:stocktakes": {"GET": "stock.view"},
    "staff:stocktake_new": {"GET": "stock.adjust"},
    "staff:stocktake_make": {"POST": "stock.adjust"},
    "staff:stocktake": {"GET": "stock.view"},
    "staff:stocktake_scan": {"POST": "stock.adjust"},
    "staff:stocktake_put": {"POST": "stock.adjust"},
    "staff:stocktake_undo": {"POST": "stock.adjust"},
    "staff:stocktake_name": {"POST": "stock.adjust"},
    "staff:stocktake_take_back": {"POST": "stock.adjust"},
    "staff:stocktake_close": {"POST": "stock.adjust"},
    "staff:stocktake_paper": {"GET": "stock.adjust"},
    "staff:stocktake_put_paper": {"POST": "stock.adjust"},
    "staff:stocktake_differences": {"GET": "stock.approve"},
    "staff:stocktake_approve": {"POST": "stock.approve"},
    "staff:stocktake_back": {"POST": "stock.approve"},
    "staff:stocktake_reject": {"POST": "stock.adjust"},
    "staff:purchases": {"GET": "purchases.view"},
    "staff:purchase_new": {"GET": "purchases.order"},
    "staff:purchase_make": {"POST": "purchases.order"},
    "staff:purchase": {"GET": "purchases.view"},
    "staff:purchase_lines": {"POST": "purchases.order"},
    "staff:purchase_place": {"POST": "purchases.order"},
    "staff:purchase_end": {"POST": "purchases.order"},
    "staff:purchase_decide": {"POST": "purchases.order"},
    "staff:purchase_land": {"POST": "purchases.cost"},
    "staff:purchase_receive": {"GET": "stock.adjust"},
    "staff:purchase_scan": {"POST": "stock.adjust"},
    "staff:purchase_count": {"POST": "stock.adjust"},
    "staff:purchase_book": {"POST": "stock.adjust"},
    "staff:why": {"GET": "stock.view"},
    "staff:why_value": {"GET": "stock.value"},
    "staff:books": {"GET": "books.view"},
    "staff:books_csv": {"GET": "books.view"},
    "staff:books_journal_csv": {"GET": "books.view"},
    "staff:books_account": {"GET": "books.view"},
    "staff:books_account_csv": {"GET": "books.view"},
    "staff:alerts": {"GET": ""},
    "staff:bell": {"GET": ""},
    "staff:alert_look": {"POST": ""},
    "staff:alert_choices": {"GET": "", "POST": ""},
    "staff:alert_try": {"POST": ""},
    "staff:night": {"GET": "night.view"},
    "staff:night_of": {"GET": "night.view"},
    "staff:drift": {"GET": "night.view"},
    "staff:drift_of": {"GET": "night.view"},
    "staff:night_run": {"POST": "night.decide"},
    "staff:night_progress": {"GET": "night.view"},
    "staff:night_difference": {"GET": "night.view"},
    "staff:night_decide": {"POST": "night.decide"},
    "staff:clients": {"GET": "settings.manage", "POST": "settings.manage"},
    "staff:webhooks": {"GET": "connections.manage", "POST": "connections.manage"},
    "staff:webhook": {"GET": "connections.manage"},
    "staff:webhook_change": {"POST": "connections.manage"},
    "staff:webhook_rotate": {"POST": "connections.manage"},
    "staff:webhook_tell": {"POST": "connections.manage"},
    "staff:client_end": {"POST": "settings.manage"},
    "staff:connect": {"GET": "connections.manage"},
    "staff:connect_new": {"GET": "connections.manage", "POST": "connections.manage"},
    "staff:connect_one": {"GET": "connections.manage"},
    "staff:connect_access": {"GET": "connections.manage", "POST": "connections.manage"},
    "staff:connect_try": {"POST": "connections.manage"},
    "staff:connect_trials": {"GET": "connections.manage"},
    "staff:connect_let_in": {"POST": "connections.manage"},
    "staff:connect_back": {"GET": "connections.manage"},
    "staff:connect_pick": {"POST": "connections.manage"},
    "staff:connect_import": {"GET": "connections.view"},
    "staff:connect_begin": {"POST": "connections.manage"},
    "staff:connections": {"GET": "connections.view"},
    "staff:connection": {"GET": "connections.view"},
    "staff:connection_switch": {"POST": "connections.manage"},
    "staff:credential_end": {"POST": "connections.manage"},
    "staff:connection_ask": {"POST": "connections.retry"},
    "staff:call": {"GET": "connections.view"},
    "staff:call_retry": {"POST": "connections.retry"},
    "staff:call_give_up": {"POST": "connections.retry"},
    "staff:notice": {"GET": "connections.view"},
    "staff:notice_retry": {"POST": "connections.retry"},
    "staff:file": {"GET": "connections.view"},
    "staff:files": {"GET": "connections.view"},
    "staff:file_decide": {"POST": "stock.adjust"},
    "staff:files_upload": {"POST": "connections.retry"},
}

SEES = {OWNER, STAFF, ACCOUNTANT, READER}
BOOKS = {"account", "taxcode", "taxrate", "postingrule"}


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_exactly_the_abilities_of_the_table(role: str):
    person = make_person("aoi", role)

    assert roles.abilities_of(person) == {ability for ability, who in WHO_MAY.items() if role in who}


def test_every_ability_is_in_the_table():
    assert set(WHO_MAY) == set(roles.ABILITIES)
    assert set(ROLES) == set(roles.BY_NAME)


def test_every_view_of_the_staff_ui_has_a_row():
    names = {address.name for address in every_address() if address.name.startswith("staff:")}

    assert names == set(NEEDS)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_every_view_opens_to_those_who_may_and_to_nobody_else(role: str):
    browser = browser_of(make_person("aoi", role))
    found, wanted = {}, {}

    for address in every_address():
        if address.name not in NEEDS:
            continue
        for method in ("GET", "POST"):
            status = browser.generic(method, address.path).status_code
            found[address.name, method] = "shut" if status in (403, 405) else "open"
            ability = NEEDS[address.name].get(method)
            may = ability is not None and (not ability or role in WHO_MAY[ability])
            wanted[address.name, method] = "open" if may else "shut"

    assert found == wanted


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_the_record_room_shows_each_role_its_records(role: str):
    browser = browser_of(make_person("aoi", role))
    found, wanted = {}, {}

    for model in admin.site._registry:
        meta = model._meta
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        found[meta.label] = browser.get(address).status_code
        private = meta.app_label in ("auth", "hub") or meta.model_name == "auditentry"
        sees = {OWNER} if private else SEES
        if meta.app_label == "hub":
            sees = {OWNER, STAFF}
        wanted[meta.label] = 200 if role in sees else 403

    assert found == wanted


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_the_record_room_lets_each_role_add_what_it_may_and_nothing_else(role: str):
    browser = browser_of(make_person("aoi", role))
    found = set()

    for model in admin.site._registry:
        meta = model._meta
        if browser.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_add")).status_code == 200:
            found.add(meta.model_name)

    goods = {"product", "variant", "supplier", "supplieritem", "reorderrule"}
    selling = {"sellingpolicy", "channelrule", "backorderpolicy", "sourcingrule"}
    wanted = {
        OWNER: goods | BOOKS | selling | {"company", "brand", "location", "connection", "fieldmap", "user", "group"},
        STAFF: goods,
        ACCOUNTANT: BOOKS,
    }
    assert found == wanted.get(role, set())


@pytest.mark.django_db
def test_a_right_that_is_taken_away_is_gone_at_the_next_request():
    person = make_person("aoi", STAFF)
    browser = browser_of(person)
    address = reverse("admin:orders_order_changelist")
    before = browser.get(address).status_code

    person.groups.clear()

    assert [before, browser.get(address).status_code] == [200, 403]


@pytest.mark.django_db
def test_writing_the_roles_a_second_time_changes_nothing():
    def told() -> list[tuple[str, list[str]]]:
        return [
            (group.name, sorted(group.permissions.values_list("codename", flat=True)))
            for group in Group.objects.order_by("name")
        ]

    before = told()
    roles.apply()

    assert told() == before
    assert [name for name, _held in before] == sorted(ROLES)


@pytest.mark.django_db
def test_writing_the_roles_undoes_what_was_changed_by_hand_and_leaves_other_groups():
    packers = Group.objects.create(name="night shift")
    ship = Permission.objects.get(content_type__app_label="staff", codename="orders.ship")
    packers.permissions.add(ship)
    Group.objects.get(name=WAREHOUSE).permissions.clear()

    roles.apply()

    assert roles.may(make_person("wako", WAREHOUSE), "stock.adjust")
    assert roles.abilities_of(make_person("yoru", "night shift")) == {"orders.ship"}


@pytest.mark.django_db
def test_needs_refuses_whoever_lacks_the_ability():
    @roles.needs("orders.cancel")
    def cancel(request):
        return HttpResponse("cancelled")

    request = RequestFactory().post("/")
    answers = {}
    for role in ROLES:
        request.user = make_person(role, role)
        try:
            answers[role] = cancel(request).content
        except PermissionDenied:
            answers[role] = None

    assert answers == {OWNER: b"cancelled", STAFF: b"cancelled", WAREHOUSE: None, ACCOUNTANT: None, READER: None}


@pytest.mark.django_db
def test_a_stranger_and_a_person_switched_off_may_nothing():
    off = make_person("aoi", OWNER)
    off.is_active = False

    assert roles.abilities_of(AnonymousUser()) == roles.abilities_of(off) == frozenset()


def test_an_unknown_ability_is_a_mistake_and_not_a_refusal():
    with pytest.raises(LookupError):
        roles.needs("orders.fly")
    with pytest.raises(LookupError):
        roles.may(AnonymousUser(), "orders.fly")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("held", "is_needed"),
    [((WAREHOUSE,), False), ((WAREHOUSE, STAFF), True), ((STAFF,), True), ((READER,), True), ((), True)],
)
def test_which_roles_need_a_second_factor(held: tuple[str, ...], is_needed: bool):
    assert roles.needs_second_factor(make_person("aoi", *held)) is is_needed
