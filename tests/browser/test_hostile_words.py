"""What customers, vendors and files say is shown as words: no text of theirs becomes markup, script or style."""

from playwright.sync_api import Page

from apps.catalog.models import Product, Variant
from apps.channels.models import Listing
from apps.core.models import Brand, Company
from apps.customers.models import Address, Customer
from apps.hub.models import Connection, Delivery, FileRun, InboxEvent, SetAsideRow
from apps.inventory.models import Location, StockMovement
from apps.messaging.models import Message
from apps.orders.models import Order, OrderHold, OrderLine, Return
from apps.payments.models import Payment
from apps.reconciliation.models import Difference
from apps.shipping.models import Parcel
from tests.staff.records import make_shop

WORDS = (
    """<img src=x onerror="window.hit=1">'"><script>window.hit=1</script><svg onload=window.hit=1>{{7*7}}</textarea>"""
)
# Every column that holds words of somebody else.
TEXTS = {
    Company: ["name", "address"], Brand: ["name"], Location: ["name"], Product: ["title"], Variant: ["title"],
    Customer: ["name", "kana", "note"], Address: ["name", "company", "city", "line1", "line2"],
    Order: ["external_number", "customer_note", "staff_note", "assignee"], OrderLine: ["title", "sku"],
    OrderHold: ["detail", "set_by"], Return: ["number"], Listing: ["title", "sku"], Message: ["subject", "text", "to"],
    Payment: ["provider_id"], Parcel: ["tracking_number", "service"], Difference: ["thing", "note"],
    Connection: ["name", "last_error"], InboxEvent: ["topic", "subject", "reason"], Delivery: ["reason"],
    FileRun: ["name", "error"], SetAsideRow: ["detail"],
}  # fmt: skip


def _hit(page: Page) -> bool:
    """Whether anything of WORDS became a part of the page."""
    return bool(page.evaluate("window.hit || document.querySelectorAll('img[onerror], svg[onload]').length"))


def test_the_probe_sees_words_that_became_markup(screen_of):
    page = screen_of().page

    page.set_content(f"<p>{WORDS}</p>")

    assert _hit(page)


def test_no_text_becomes_markup(screen_of):
    shop = make_shop(1)
    for model, columns in TEXTS.items():
        for column in columns:
            room = model._meta.get_field(column).max_length or len(WORDS)
            model.objects.update(**{column: WORDS[:room]})
    difference, movement = Difference.objects.get(), StockMovement.objects.get()
    screen = screen_of("owner", language="en")
    hits = []

    pages = [
        "/orders/", f"/orders/{shop.order.pk}/", "/pack/", "/stock/", f"/stock/{movement.level_id}/",
        f"/night/{difference.period}/", f"/night/differences/{difference.pk}/", "/connections/",
        f"/connections/{shop.connection.pk}/", f"/connections/notices/{shop.event.pk}/",
        f"/connections/calls/{shop.delivery.pk}/", f"/admin/orders/order/{shop.order.pk}/change/",
        "/admin/customers/customer/", f"/admin/customers/customer/{shop.customer.pk}/change/",
        f"/admin/catalog/variant/{shop.variant.pk}/change/", f"/admin/hub/connection/{shop.connection.pk}/change/",
        f"/admin/hub/connection/{shop.connection.pk}/history/", "/admin/messaging/message/", "/admin/hub/filerun/",
        "/accounts/2fa/",
    ]  # fmt: skip
    for path in pages:
        page = screen.open(path)
        if _hit(page) or "49" in page.title():
            hits.append(path)

    assert hits == []
    assert screen.complaints == []
