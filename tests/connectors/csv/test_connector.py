"""Each operation against the stand-in: built so, called so, its answer parsed so, its errors parsed so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.connectors.csv import mapping
from apps.connectors.csv.connector import CsvConnector
from apps.connectors.csv.settings import CsvSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.csv.builders import HEADER, ROW, read, sheet, source
from tests.connectors.csv.conftest import CONNECTION, TOKEN, sale_of
from tests.connectors.stand import line

SHIPPED = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
QUANTITIES = [
    c.StockQuantity(external_id="A,1", sku="A,1", quantity=7, expected=9),
    c.StockQuantity(external_id="B", sku="B", quantity=0),
]


def fulfilment(number: str, reference: str = "S-1", sku: str = "TEA", quantity: int = 1) -> c.Fulfilment:
    return c.Fulfilment(
        reference=reference, order_external_id=number, order_number=number, tracking_number="400012345678",
        lines=(c.FulfilmentLine(line_external_id="1", sku=sku, quantity=quantity),), carrier="ヤマト運輸",
        shipped_at=SHIPPED, tracking_url="https://track.example/400012345678",
    )  # fmt: skip


# stock.set


def test_stock_is_built_so():
    assert mapping.stock_name("stock.set:0193/ü") == "stock-stock.set%3A0193%2F%C3%BC.csv"
    assert mapping.stock_file(QUANTITIES, CsvSettings()) == b'sku,quantity,expected\r\n"A,1",7,9\r\nB,0,\r\n'
    told = mapping.stock_file(QUANTITIES, CsvSettings(out_encoding="cp932", out_headers="ja", delimiter="\t"))
    assert told == "商品コード\t数量\t前回数量\r\nA,1\t7\t9\r\nB\t0\t\r\n".encode("cp932")


def test_stock_is_called_so(stand, connector, listing):
    shown = listing()
    connector.set_stock([replace(shown, quantity=3, expected=50)], "key:1")
    ask = stand.heard[-1]
    assert (ask.method, ask.path) == ("PUT", "/shop/files/stock-key%3A1.csv")
    assert ask.body == f"sku,quantity,expected\r\n{shown.sku},3,50\r\n".encode()
    assert {name: ask.headers[name] for name in ("authorization", "content-type", "if-none-match")} == {
        "authorization": f"Bearer {TOKEN}", "content-type": "text/csv", "if-none-match": "*",
    }  # fmt: skip


def test_the_answer_to_stock_is_parsed_so():
    stale = {"stale": [{"sku": "A,1", "shown": 4}], "refused": [{"sku": "B", "error": "not listed"}]}
    assert mapping.stock_outcomes(QUANTITIES, stale) == [
        c.StockOutcome(external_id="A,1", is_set=False, is_stale=True, shown=4),
        c.StockOutcome(external_id="B", is_set=False, error="not listed"),
    ]
    assert [outcome.is_set for outcome in mapping.stock_outcomes(QUANTITIES, {})] == [True, True]


def test_stock_under_a_name_that_another_file_has_is_permanent(connector, listing):
    shown = listing()
    connector.set_stock([replace(shown, quantity=3)], "taken")
    with pytest.raises(errors.Permanent, match=r"another file is there under the name stock-taken\.csv"):
        connector.set_stock([replace(shown, quantity=4)], "taken")


def test_a_character_that_their_encoding_lacks_is_permanent():
    with pytest.raises(errors.Permanent, match="cp932 has no '𠮷'"):
        mapping.stock_file([c.StockQuantity(external_id="𠮷", quantity=1)], CsvSettings(out_encoding="cp932"))


def test_an_encoding_to_write_that_is_none_is_for_a_person():
    with pytest.raises(errors.Misconfigured, match="out_encoding"):
        mapping.stock_file(QUANTITIES, CsvSettings(out_encoding="klingon"))


# fulfilment.create


def test_a_shipment_is_built_so():
    assert mapping.shipment_name("S/1") == "shipment-S%2F1.csv"
    assert mapping.shipment_file(fulfilment("M-1"), CsvSettings()).decode() == (
        "reference,order_number,line_id,sku,quantity,carrier,tracking_number,tracking_url,shipped_at\r\n"
        "S-1,M-1,1,TEA,1,ヤマト運輸,400012345678,https://track.example/400012345678,2026-11-23T01:30:00+00:00\r\n"
    )


def test_a_shipment_is_called_so(stand, connector, send):
    sale = sale_of()
    send(sale)
    connector.create_fulfilment(fulfilment(sale.number, "S-called"), "key")
    assert (stand.heard[-1].method, stand.heard[-1].path) == ("PUT", "/shop/files/shipment-S-called.csv")


def test_the_answer_to_a_shipment_is_parsed_so(connector, send):
    sale = sale_of()
    send(sale)
    receipt = c.FulfilmentReceipt(reference="S-parsed", external_id="shipment-S-parsed.csv")
    assert connector.find_fulfilment(fulfilment(sale.number, "S-parsed")) is None
    assert connector.create_fulfilment(fulfilment(sale.number, "S-parsed"), "key") == receipt
    assert connector.find_fulfilment(fulfilment(sale.number, "S-parsed")) == receipt


def test_a_shipment_that_the_shop_refuses_is_permanent_with_its_words(connector):
    with pytest.raises(errors.Permanent, match="order M-0 is not known here"):
        connector.create_fulfilment(fulfilment("M-0", "S-refused"), "key")


# orders and files


def test_a_window_is_asked_so(stand, connector):
    since, until = SHIPPED, SHIPPED + timedelta(hours=1)
    list(connector.changed_orders(since, until))
    (ask,) = stand.heard
    assert (ask.path, ask.query) == (
        "/shop/files/orders-index.json",
        {"from": since.isoformat(), "to": until.isoformat()},
    )


def test_a_window_is_answered_with_files_and_a_page_is_not_larger_than_it_should_be(connector, send):
    names = [send(sale_of(), sale_of()) for _ in range(23)]
    now = clock.now()
    pages = list(connector.changed_orders(now - timedelta(minutes=5), now + timedelta(minutes=5)))
    assert {len(page) <= 20 for page in pages} == {True}
    subjects = [event.subject for page in pages for event in page]
    assert [subjects.count(f"file:{name}") for name in names] == [1] * 23


def test_an_order_is_asked_for_so(stand, connector, send):
    sale = sale_of()
    name = send(sale)
    event = connector.fetch_order(sale.number)
    assert [(ask.path, ask.query) for ask in stand.heard] == [
        ("/shop/files/orders-index.json", {"order": sale.number}),
        (f"/shop/files/{name}", {}),
    ]
    assert (event.topic, event.subject) == ("file/orders", f"order:{sale.number}")


def test_an_order_that_the_shop_has_forgotten_is_none(stand, connector, send):
    sale, other = sale_of(), sale_of()
    send(sale, other)
    stand.told("csv/forget_order", number=sale.number)
    assert connector.fetch_order(sale.number) is None
    assert connector.fetch_order(other.number) is not None


def test_files_are_asked_for_so_and_ours_are_not_among_them(stand, connector, send, listing):
    name = send(sale_of())
    connector.set_stock([replace(listing(), quantity=1)], "ours")
    stand.heard.clear()
    since = clock.now() - timedelta(minutes=5)
    found = [file.name for file in connector.new_files(since)]
    assert (stand.heard[0].path, stand.heard[0].query) == ("/shop/files", {"since": since.isoformat()})
    assert (found.count(name), found.count("stock-ours.csv")) == (1, 0)


def test_the_warehouse_has_a_folder_of_its_own(stand, connector, settings_of_shop):
    row = {
        "document": "IN-9",
        "line": 1,
        "at": "2026-11-23T09:00:00+09:00",
        "sku": "TEA",
        "kind": "receipt",
        "quantity": 5,
    }
    name = stand.told("csv/send_stock", rows=[row])["file"]
    warehouse = CsvConnector(_at(settings_of_shop, stand.url("csv/warehouse")), CONNECTION)
    (file,) = [one for one in warehouse.new_files(clock.now() - timedelta(minutes=5)) if one.name == name]
    assert [(one.document, one.kind, one.quantity) for one in warehouse.read_file(file).things] == [
        ("IN-9", "receipt", 5)
    ]
    assert name not in [one.name for one in connector.new_files(clock.now() - timedelta(minutes=5))]
    assert (list(warehouse.shown_stock()), list(warehouse.changed_orders(SHIPPED, clock.now()))) == ([], [])


def test_what_the_shop_writes_in_any_dialect_reads_as_what_was_sold(connector, send):
    dialects = set()
    for _ in range(40):
        sale = sale_of(line("TEA", 2), line("CUP", 1, "800", rate=800), line("", 1, "600", kind="shipping"))
        name = send(sale)
        event = connector.fetch_order(sale.number)
        file = connector.read(event.topic, event.raw)[0]
        (draft,) = connector.read_file(file).things
        assert (draft.number, draft.total_minor, draft.payment_method) == (sale.number, sale.total_minor, "cod")
        assert (draft.placed_at, draft.customer.email) == (datetime.fromisoformat(sale.at), "hanako@example.jp")
        assert [(one.kind, one.sku, one.quantity, one.unit_price, one.tax_rate_bp) for one in draft.lines] == [
            (one.kind, one.sku, one.quantity, one.unit_price, one.tax_rate_bp) for one in sale.lines
        ]
        assert (draft.ship_to.region, draft.ship_to.city, file.name) == ("東京都", "千代田区", name)
        dialects.add(file.content[:30])
    assert len(dialects) > 20


def test_a_broken_index_is_transient(connector, misbehave):
    misbehave("html")
    with pytest.raises(errors.Transient, match="not the list"):
        connector.fetch_order("M-1")


# health and addresses


def _at(settings: CsvSettings, address: str) -> CsvSettings:
    return CsvSettings(base_url=address, token=settings.token, push_secret=settings.push_secret)


def test_the_health_check_asks_and_changes_nothing(stand, connector):
    assert connector.check() == {"folder": "0 new files"}
    assert [ask.method for ask in stand.heard] == ["GET"]
    assert CsvConnector(CsvSettings(), CONNECTION).check() == {"folder": "none; files are pushed or uploaded"}


@pytest.mark.parametrize(
    ("address", "words"),
    [("", "base_url is empty"), ("files", "base_url is empty"), ("http://files.example.jp", "https://"),
     ("http://127.0.0.1:1", "https://"), ("https://169.254.169.254", "never spoken to"), ("https://10.0.0.1", "operator")],
)  # fmt: skip
def test_an_address_that_must_not_be_spoken_to_is_for_a_person(settings_of_shop, address, words):
    with pytest.raises(errors.Misconfigured, match=words):
        list(CsvConnector(_at(settings_of_shop, address), CONNECTION).shown_stock())


def test_a_folder_that_is_not_there_is_permanent(stand, settings_of_shop):
    nowhere = CsvConnector(_at(settings_of_shop, stand.url("csv/attic")), CONNECTION)
    with pytest.raises(errors.Permanent, match=r"keeps no shown\.csv"):
        list(nowhere.shown_stock())
    with pytest.raises(errors.Permanent, match=r"keeps no orders-index\.json"):
        nowhere.fetch_order("M-1")


# The dry run


def test_a_preview_counts_and_writes_nothing():
    got = read(sheet(HEADER, ROW, ("N-2", *ROW[1:4], "?", "1"), ("N-3", *ROW[1:])))
    told = mapping.preview(got, 1)
    assert {name: told[name] for name in ("rows", "things", "totals_minor", "set_aside")} == {
        "rows": 3, "things": 2, "totals_minor": {"JPY": 4800}, "set_aside": {"bad_number": 1},
    }  # fmt: skip
    assert (told["first_things"][0]["number"], told["first_set_aside"][0]["row"]) == ("N-1", 2)


def test_a_file_name_in_japanese_is_asked_for_percent_encoded(stand, connector):
    assert connector.folder.get("受注.csv") is None
    assert stand.heard[-1].path == "/shop/files/受注.csv"


def test_an_uploaded_file_is_the_notice_that_its_push_would_be(connector):
    file = source(sheet(HEADER, ROW))
    assert connector.file_event(file) == mapping.file_event(file)
