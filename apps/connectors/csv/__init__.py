"""Files as a channel of their own: a shop, mall or warehouse whose word is CSV, pushed, uploaded or fetched."""

from apps.connectors.csv.settings import CsvSettings
from apps.hub.abilities import Once, StockManners, Writes
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="csv",
    label="CSV",
    kind="files",
    abilities=("files", "orders", "catalogue", "stock.read", "stock.write", "fulfilment"),
    settings=CsvSettings,
    poll_minutes=15,
    load="apps.connectors.csv.connector.CsvConnector",
    # A file of our own is laid down under a name that carries the key, and only where that name is free.
    once={"stock.set": Once.KEY, "fulfilment.create": Once.NATURAL_KEY},
    stock=StockManners(writes=Writes.COMPARE_AND_SET),
    webhook="apps.connectors.csv.webhook",
    secrets=("token", "push_secret", "push_secret_old"),
    host_field="base_url",
    asked=("base_url", "token"),
    docs_url="https://www.rfc-editor.org/rfc/rfc4180",
    api_version="1",
    verified_against="its own stand-in and a corpus of broken files; the format is ours (README)",
)
