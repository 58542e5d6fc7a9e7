"""A bulk operation from its start to its file: what came is handed on before what went wrong is said.

Only the operation that was started here is looked at, by its id; one that another app, or another process of ours, has
running is never taken for it. The file lies at another host: it is fetched without the shop's token, and only from an
address that `core.net` lets through.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from apps.connectors.shopify import codes
from apps.connectors.shopify.client import Client
from apps.connectors.shopify.mapping_bulk import Gathered, put_together
from apps.connectors.shopify.settings import ShopifySettings
from apps.core import clock, net, pace
from apps.hub.errors import Misconfigured, Permanent, RateLimited, Transient, VendorError

PAGE = 250
TRIES = 3
BUSY_SECONDS = 60.0
MAX_BYTES = 256 * 1024 * 1024
FILE_SECONDS = 300.0
Read = Callable[[list[dict[str, Any]]], tuple[Sequence[Any], list[str]]]


class Bulk:
    """Bulk operations of one shop."""

    def __init__(self, client: Client, settings: ShopifySettings) -> None:
        self._client = client
        self._settings = settings

    def pages(self, query: str, read: Read) -> Iterator[Sequence[Any]]:
        """Pages of what `read` makes of the file's objects, then the error of what is missing: a part that a failed
        operation left behind and lines that cannot be read are errors only when everything else was handed on.
        """
        state = self._ended(self._start(query))
        trouble = _trouble(state)
        url = state["partialDataUrl"] if trouble else state["url"]
        expected = 0 if trouble else int(state["objectCount"])
        if expected and not url:
            raise Transient(f"the bulk operation read {expected} objects and names no file", sent=True)
        file = self._file(url, lines=expected) if url else put_together(b"")
        things, faults = read(file.roots)
        for place in range(0, len(things), PAGE):
            yield things[place : place + PAGE]
        faults = [*file.faults, *faults]
        if trouble:
            raise trouble
        if faults:
            more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
            raise Transient(f"the bulk file: {'; '.join(faults[:5])}{more}; everything else was read", sent=True)

    def _start(self, query: str) -> str:
        answer = self._client.call("StartBulk", {"query": query})["bulkOperationRunQuery"]
        refused = {error["code"] for error in answer["userErrors"]}
        if refused & codes.BULK_BUSY:
            raise RateLimited("Shopify already runs as many bulk operations as it allows", retry_after=BUSY_SECONDS)
        if answer["userErrors"] or not answer["bulkOperation"]:
            said = "; ".join(error["message"] for error in answer["userErrors"])
            raise Permanent(f"Shopify takes no bulk operation: {said}")
        return str(answer["bulkOperation"]["id"])

    def _ended(self, operation: str) -> dict[str, Any]:
        """Its last state. One that takes too long is called off, so that it does not stand in the way of the next."""
        until = clock.wall() + timedelta(minutes=self._settings.bulk_minutes)
        failed = 0
        while True:
            pace.take(f"shopify bulk {self._settings.shop_url}", self._settings.bulk_looks_a_second)
            try:
                state = self._client.call("BulkState", {"id": operation})["bulkOperation"]
                failed = 0
            except Transient:
                failed += 1
                if failed == TRIES:
                    raise
                continue
            if state is None:
                raise Transient(f"Shopify no longer knows {operation}", sent=True)
            if state["status"] not in codes.BULK_RUNNING:
                return dict(state)
            if clock.wall() >= until:
                self._client.call("CancelBulk", {"id": operation})
                minutes = self._settings.bulk_minutes
                raise Transient(f"the bulk operation took over {minutes} minutes and was called off", sent=True)

    def _file(self, url: str, *, lines: int) -> Gathered:
        """The file, fetched again where it ends too early. Its address lives for seven days."""
        trouble: VendorError = Transient("")
        for _ in range(TRIES):
            try:
                reply = net.request("GET", url, max_bytes=MAX_BYTES, total_seconds=FILE_SECONDS)
            except net.AddressRefused as error:
                raise Misconfigured(f"the bulk file: {error}") from error
            except net.Unreachable as error:
                trouble = Transient(f"the bulk file: {error}", sent=True)
                continue
            if reply.status != 200:
                trouble = Transient(f"the bulk file: its host answered {reply.status}", sent=True)
                continue
            file = put_together(reply.body)
            if file.lines >= lines:
                return file
            trouble = Transient(f"the bulk file ends after {file.lines} of {lines} objects", sent=True)
        raise trouble


def _trouble(state: dict[str, Any]) -> VendorError | None:
    status, code = state["status"], state["errorCode"]
    if status == codes.BULK_COMPLETED:
        return None
    said = f"the bulk operation ended as {status.lower()}{f' ({code})' if code else ''}"
    return Misconfigured(said) if code == codes.BULK_DENIED else Transient(said, sent=True)
