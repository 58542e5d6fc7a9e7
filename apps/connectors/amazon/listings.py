"""The seller's listings in one marketplace: every one of them once, however many there are, and those of given SKUs.

Amazon pages through no more than 1,000 results of a search: a search with more is asked again by halves of the time in which
the listings were made.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.connectors.amazon import mapping_goods
from apps.connectors.amazon.client import Client, NotThere, segment
from apps.connectors.amazon.settings import AmazonSettings
from apps.core import clock

Body = dict[str, Any]
PAGE = 20
MOST = 1000
DATA = ("summaries", "offers", "fulfillmentAvailability")
_FIRST = datetime(1998, 1, 1, tzinfo=UTC)  # nobody sold at Amazon before
_TICK = timedelta(milliseconds=1)  # how finely a window is told: both its ends are inside it


class Listings:
    """What the seller lists."""

    def __init__(self, client: Client, settings: AmazonSettings) -> None:
        self._client = client
        self._marketplace = settings.marketplace_id
        self._path = f"/listings/2021-08-01/items/{segment(settings.seller_id)}"

    def pages(self) -> Iterator[list[Body]]:
        """Everything that is listed."""
        first = self._search({})
        if first["numberOfResults"] <= MOST:
            yield from self._follow(first, {})
        else:
            yield from self._window(_FIRST, clock.now() + timedelta(days=1))

    def _window(self, since: datetime, until: datetime) -> Iterator[list[Body]]:
        """Listings made in [since, until]."""
        window = {"createdAfter": _text(since), "createdBefore": _text(until)}
        first = self._search(window)
        if first["numberOfResults"] <= MOST or until - since < 2 * _TICK:
            yield from self._follow(first, window)
            return
        middle = since + (until - since) / 2
        yield from self._window(since, middle)
        yield from self._window(middle + _TICK, until)

    def _follow(self, page: Body, window: Mapping[str, str]) -> Iterator[list[Body]]:
        while True:
            yield page["items"]
            token = (page.get("pagination") or {}).get("nextToken")
            if not token:
                return
            page = self._search({**window, "pageToken": token})

    def _search(self, more: Mapping[str, Any]) -> Body:
        query = {
            "marketplaceIds": [self._marketplace], "includedData": DATA, "pageSize": PAGE, "sortBy": "sku",
            "sortOrder": "ASC", **more,
        }  # fmt: skip
        return self._client.get("searchListingsItems", self._path, query)

    def find(self, skus: Sequence[str]) -> dict[str, Body]:
        """The listings of these SKUs that there are, by SKU."""
        found: dict[str, Body] = {}
        plain = [sku for sku in dict.fromkeys(skus) if "," not in sku]
        for start in range(0, len(plain), PAGE):
            part = plain[start : start + PAGE]
            page = self._search({"identifiers": part, "identifiersType": "SKU"})
            found |= {item["sku"]: item for item in page["items"] if item["sku"] in part}
        for sku in skus:
            if "," in sku:  # cannot stand in a list that is joined by commas
                found |= self._one(sku)
        return found

    def _one(self, sku: str) -> dict[str, Body]:
        query = {"marketplaceIds": [self._marketplace], "includedData": DATA}
        try:
            return {sku: self._client.get("getListingsItem", f"{self._path}/{segment(sku)}", query)}
        except NotThere:
            return {}

    def show(self, item: Mapping[str, Any], quantity: int) -> Body:
        """Tell one listing to show this quantity; the answer says whether Amazon takes it (it takes effect later)."""
        body = mapping_goods.quantity_patch(item, quantity, marketplace=self._marketplace)
        path = f"{self._path}/{segment(item['sku'])}"
        return self._client.patch("patchListingsItem", path, {"marketplaceIds": [self._marketplace]}, body)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
