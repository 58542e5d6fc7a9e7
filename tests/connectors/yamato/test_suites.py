"""The shared suite of carriers that work by files, with B2 Cloud's stand-in."""

from apps.connectors.yamato import codes
from tests.connectors.suites.file_carrier import FileCarrierSuite


class TestFileCarrier(FileCarrierSuite):
    slug = "yamato"
    most = codes.MOST_ROWS
