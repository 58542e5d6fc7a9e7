"""Files: read dry first, taken only when a person says so, and every row that could not be taken with its reason."""

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.core import clock
from apps.core.models import AuditEntry, Company
from apps.flows import take_file
from apps.hub.contracts import SourceFile
from apps.hub.models import FileRun, InboxEvent, SetAsideRow
from apps.orders.models import Order
from tests.staff.builders import make_shop

ORDERS = (
    "order_number,placed_at,sku,title,quantity,unit_price,payment_method,name,address1,prefecture,city,postal_code,country\n"
    "A-1,2026-11-22 10:00,TEA,Tea,2,1100,cod,Naoko,1-2-3,Tokyo,Taito,110-0005,JP\n"
    "A-2,2026-11-22 11:00,NO-SUCH,Cup,1,500,cod,Ken,4-5-6,Tokyo,Taito,110-0005,JP\n"
    "A-3,2026-11-22 12:00,TEA,Tea,many,1100,cod,Mai,7-8-9,Tokyo,Taito,110-0005,JP\n"
)


@pytest.fixture
def shop(db):
    yield make_shop(TEA=10)
    cache.clear()


def _upload(browser, shop, content: str | bytes = ORDERS, kind: str = "orders", name: str = "orders.csv", **more):
    raw = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(name, raw, "text/csv")
    return browser.post(reverse("staff:files_upload", args=[shop.files.id]), {"kind": kind, "file": file, **more})


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(browser_as, shop):
    page = _upload(browser_as("staff"), shop)

    preview = page.context["preview"]
    assert preview["rows"] == 3
    assert [(number, what) for number, what, _amount in preview["things"]] == [
        ("A-1", "TEA × 2"),
        ("A-2", "NO-SUCH × 1"),
    ]
    assert [(row, str(reason)) for row, reason, _detail in preview["set_aside"]] == [(3, "A number cannot be read.")]
    assert preview["unknown_skus"] == ("NO-SUCH",)
    assert (Order.objects.count(), InboxEvent.objects.count(), FileRun.objects.count()) == (0, 0, 0)


def test_a_preview_shows_no_people(browser_as, shop):
    assert "Naoko" not in _upload(browser_as("staff"), shop).content.decode()


def test_the_file_is_taken_when_a_person_says_so_and_only_once(browser_as, shop):
    browser = browser_as("staff")
    token = _upload(browser, shop).context["token"]
    address = reverse("staff:files_upload", args=[shop.files.id])

    answers = [browser.post(address, {"token": token}).status_code for _ in range(2)]

    assert answers == [302, 409]
    assert [(event.topic, event.entry.origin) for event in InboxEvent.objects.select_related("entry")] == [
        ("file/orders", "file")
    ]
    assert AuditEntry.objects.get(action="file.uploaded").detail == {"name": "orders.csv", "new": True}


def test_the_same_file_again_changes_nothing(browser_as, shop):
    browser = browser_as("staff")
    address = reverse("staff:files_upload", args=[shop.files.id])

    pages = [browser.post(address, {"token": _upload(browser, shop).context["token"]}, follow=True) for _ in range(2)]

    assert ["had come before" in page.content.decode() for page in pages] == [False, True]
    assert InboxEvent.objects.count() == 1


def test_a_preview_belongs_to_the_person_who_made_it(browser_as, shop):
    token = _upload(browser_as("staff"), shop).context["token"]

    answer = browser_as("owner").post(reverse("staff:files_upload", args=[shop.files.id]), {"token": token})

    assert (answer.status_code, InboxEvent.objects.count()) == (409, 0)


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"", "orders"), (b"\x00\x01\x02\xff\xfe", "orders"), ("nothing,here\n1,2\n", "orders"), (ORDERS, "recipes")],
    ids=["empty", "bytes", "other columns", "unknown kind"],
)
def test_a_file_that_cannot_be_read_is_named_and_not_taken(browser_as, shop, content, kind: str):
    answer = _upload(browser_as("staff"), shop, content, kind)

    assert (answer.status_code, bool(answer.context["error"]), answer.context["preview"]) == (409, True, None)


def test_a_form_without_a_file_says_so(browser_as, shop):
    answer = browser_as("staff").post(reverse("staff:files_upload", args=[shop.files.id]), {"kind": "orders"})

    assert (answer.status_code, "Choose a kind and a file." in answer.content.decode()) == (409, True)


def test_a_file_that_is_too_large_is_refused(browser_as, shop):
    answer = _upload(browser_as("staff"), shop, b"x" * (8 * 1024 * 1024 + 1))

    assert answer.status_code == 413


def test_a_japanese_file_of_a_spreadsheet_is_read(browser_as, shop):
    content = "注文番号,注文日時,商品コード,商品名,数量,単価\nB-1,2026-11-22 10:00,TEA,抹茶,1,1100\n".encode("cp932")

    preview = _upload(browser_as("staff"), shop, content).context["preview"]

    assert [number for number, _what, _amount in preview["things"]] == ["B-1"]


def test_a_connection_without_files_has_no_such_page(browser_as, shop):
    assert browser_as("staff").get(reverse("staff:files", args=[shop.channel.id])).status_code == 404


def test_a_file_shows_its_rows_that_were_set_aside_in_words(browser_as, shop):
    browser = browser_as("staff")
    browser.post(
        reverse("staff:files_upload", args=[shop.files.id]), {"token": _upload(browser, shop).context["token"]}
    )
    run = FileRun.objects.create(
        event=InboxEvent.objects.get(), connection=shop.files, name="orders.csv", kind="orders", rows=3, taken=2,
        started_at=clock.now(),
    )  # fmt: skip
    SetAsideRow.objects.create(run=run, row=3, reason="bad_number", detail="many")
    SetAsideRow.objects.create(run=run, row=2, reason="a new reason", detail="")

    page = browser.get(reverse("staff:file", args=[run.id]))
    listed = browser.get(reverse("staff:files", args=[shop.files.id]))

    assert [(item["row"].row, str(item["reason"])) for item in page.context["rows"]] == [
        (2, "a new reason"), (3, "A number cannot be read."),
    ]  # fmt: skip
    assert [run.aside for run in listed.context["runs"]] == [2]


def _stopped(shop) -> FileRun:
    """A file that says 0 for everything, in a shop that asks from the first article on."""
    Company.objects.update(stop_least=1)
    take_file.upload(shop.files, "stock.csv", "stock", "商品コード,在庫数\nTEA,0\n".encode())
    event = InboxEvent.objects.get()
    file = SourceFile(name="stock.csv", kind="stock", content="商品コード,在庫数\nTEA,0\n".encode(), at=clock.now())
    with pytest.raises(take_file.Stopped):
        take_file.take(event, file, source=shop.files)
    return FileRun.objects.get()


def test_a_file_that_would_empty_the_shelf_asks_on_every_page(browser_as, shop):
    run = _stopped(shop)
    browser = browser_as("owner")

    assert browser.get(reverse("staff:desk")).context["counts"]["staff:connections"]["n"] == 1
    assert browser.get(reverse("staff:connections")).context["stopped_files"] == [run]
    assert browser.get(reverse("staff:file", args=[run.id])).context["is_stopped"]


@pytest.mark.parametrize(
    ("form", "status", "decision", "event"),
    [
        ({"decision": "approve"}, 302, "approved", "new"),
        ({"decision": "reject", "why": "empty export"}, 302, "rejected", "ignored"),
        ({"decision": "reject", "why": " "}, 409, "", "waiting"),
    ],
)
def test_a_person_decides_about_it(browser_as, shop, form, status, decision, event):
    run = _stopped(shop)

    answer = browser_as("staff").post(reverse("staff:file_decide", args=[run.id]), form)

    run.refresh_from_db()
    assert (answer.status_code, run.decision, InboxEvent.objects.get().status) == (status, decision, event)
