"""Yamato Transport by files: a sheet for B2 Cloud out, the numbers that it issued in. Nothing is called."""

from apps.connectors.yamato.settings import YamatoSettings
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="yamato",
    label="Yamato B2 Cloud",
    kind="carrier",
    abilities=("label.file",),
    settings=YamatoSettings,
    load="apps.connectors.yamato.connector.YamatoConnector",
    asked=("customer_code", "classification_code", "fare_number"),
    docs_url="https://bmypage.kuronekoyamato.co.jp/bmypage/pdf/new_exchange1.pdf",
    api_version="B2クラウド basic layout, 95 columns",
    verified_against=(
        "public code and shops' manuals that agree on the 95 columns (README), and our stand-in; neither the vendor's paper"
        " nor an account was at hand"
    ),
)
