"""What each resource tells, page by page, and what it costs."""

import pytest

from apps.orders.models import Order
from tests.staff.builders import make_order, make_shop

pytestmark = pytest.mark.django_db
ORDERS = "/api/v1/orders/"


@pytest.fixture
def shop():
    return make_shop(TEA=500, CUP=20)


def test_an_order_is_told_with_its_lines_in_minor_units(program, shop):
    row = make_order(shop, ("TEA", 2), ("CUP", 1), method="cod")

    told = program.get(f"{ORDERS}{row.id}/").json()

    assert (told["number"], told["currency"], told["total_minor"]) == (row.number, "JPY", row.total_minor)
    assert [(line["sku"], line["quantity"], line["total_minor"]) for line in told["lines"]] == list(
        row.lines.order_by("number").values_list("sku", "quantity", "total_minor")
    )


def test_pages_follow_one_another_and_miss_nothing(program, shop):
    made = [make_order(shop, ("TEA", 1), method="cod").number for _ in range(5)]

    pages, address = [], f"{ORDERS}?limit=2"
    while address:
        page = program.get(address).json()
        pages.append([row["number"] for row in page["results"]])
        address = (page["next"] or "").removeprefix("http://testserver")

    assert pages == [made[:2:-1], made[2:0:-1], made[:1]]


def test_a_row_that_arrives_meanwhile_moves_no_page(program, shop):
    made = [make_order(shop, ("TEA", 1), method="cod").number for _ in range(4)]
    first = program.get(f"{ORDERS}?limit=2").json()
    make_order(shop, ("TEA", 1), method="cod")

    second = program.get(first["next"].removeprefix("http://testserver")).json()

    assert [row["number"] for row in second["results"]] == made[1::-1]


@pytest.mark.parametrize(
    ("query", "numbers"), [("lifecycle=open", 2), ("lifecycle=cancelled", 0), ("is_held=true", 0), ("number=nope", 0)]
)
def test_filters_narrow_the_list(program, shop, query, numbers):
    for _ in range(2):
        make_order(shop, ("TEA", 1), method="cod")

    assert len(program.get(f"{ORDERS}?{query}").json()["results"]) == numbers


@pytest.mark.parametrize(
    "query",
    [
        "lifecyle=open",
        "cursor=x",
        "lifecycle=asleep",
        "channel=x",
        "placed_from=yesterday",
        "order_by=id",
        "placed_from=9999-12-31T23:59:59-10:00",
        "limit=0",
        "limit=x",
        "is_held=1",
        "number=",
    ],
)
def test_a_mistyped_filter_reads_nothing(program, shop, query):
    make_order(shop, ("TEA", 1), method="cod")

    answer = program.get(f"{ORDERS}?{query}")

    assert (answer.status_code in {400, 404}, answer.headers["content-type"]) == (True, "application/problem+json")


def test_a_moment_of_any_offset_is_understood(program, shop):
    make_order(shop, ("TEA", 1), method="cod")

    assert len(program.get(f"{ORDERS}?placed_until=5427-07-25T07:37:21%2B22:23").json()["results"]) == 1


def test_people_are_told_only_to_those_who_may_see_them(program_with, shop):
    row = make_order(shop, ("TEA", 1), method="cod", name="高橋 直子")

    assert "ship_to" not in program_with("orders:read").get(f"{ORDERS}{row.id}/").json()
    assert "ship_to" in program_with("orders:read", "customers:read").get(f"{ORDERS}{row.id}/").json()


def test_fifty_orders_cost_as_many_statements_as_two(program, shop, django_assert_max_num_queries):
    for _ in range(2):
        make_order(shop, ("TEA", 1), method="cod")
    program.get(ORDERS)
    with django_assert_max_num_queries(10) as few:
        program.get(ORDERS)
    for _ in range(48):
        make_order(shop, ("TEA", 1), method="cod")
    with django_assert_max_num_queries(10) as many:
        program.get(ORDERS)

    assert len(few) == len(many)
    assert [
        one["sql"]
        for one in many
        if ("COUNT(" in one["sql"] and "staff_cache" not in one["sql"]) or "OFFSET" in one["sql"]
    ] == []


@pytest.mark.parametrize(
    "kind", ["orders", "products", "stock", "customers", "shipments", "returns", "differences", "connections"]
)
def test_every_kind_is_listed_and_told_one_by_one(program, shop, kind):
    make_order(shop, ("TEA", 1), method="cod")

    page = program.get(f"/api/v1/{kind}/").json()

    assert set(page) == {"next", "previous", "results"}
    for row in page["results"]:
        assert program.get(f"/api/v1/{kind}/{row['id']}/").json() == row


def test_no_settings_and_no_secrets_of_connections(program, shop):
    text = program.get("/api/v1/connections/").content.decode()

    assert [word for word in ("settings", "credential", "secret", "token", "sealed") if word in text] == []


def test_an_etag_saves_the_body_until_something_changes(program, shop):
    row = make_order(shop, ("TEA", 1), method="cod")
    address = f"{ORDERS}{row.id}/"
    tag = program.get(address).headers["ETag"]

    assert program.get(address, if_none_match=tag).status_code == 304
    Order.objects.filter(id=row.id).update(staff_note="x")
    assert program.get(address, if_none_match=tag).status_code == 200
