"""What a letter says of an order is what the order says: a promised day only where there is one."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.flows import announce, sell_later, wiring
from apps.flows.place_orders import place_orders
from apps.inventory.models import BackorderPolicy
from apps.messaging.models import Message
from apps.orders.models import OrderLine
from tests import builders
from tests.builders import line_draft, order_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings):
    settings.SANDBOX_ADDRESS = ""
    wiring.forget()
    builders.connection("smtp")
    yield builders.connection("shopify")
    wiring.forget()


def test_the_letter_names_the_day_that_the_order_keeps(shop):
    cup, kettle = builders.variant("CUP"), builders.variant("KETTLE")
    builders.stock(cup, 9, unit_cost="0")
    day = clock.business_date() + timedelta(days=20)
    sell_later.keep(BackorderPolicy(variant=kettle, choice="backorder", cap=5, promised_on=day))

    lines = [line_draft(at, sku=sku, title=sku) for at, sku in enumerate(("KETTLE", "CUP"), 1)]
    customer = builders.CustomerCard(email="rina@example.com", name="rina", locale="ja")
    place_orders([order_draft(*lines, external_id="x1", number="#1", customer=customer)], source=shop)
    announce.announce()

    kept = dict(OrderLine.objects.values_list("sku", "promised_on"))
    said = [line for line in Message.objects.get().text.splitlines() if line.startswith("・")]
    assert kept == {"KETTLE": day, "CUP": None}
    assert said == [f"・KETTLE × 1（ご用意予定日 {day.year}年{day.month}月{day.day}日）", "・CUP × 1"]
