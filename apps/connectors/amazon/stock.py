"""Telling what to show: one look at up to 20 listings, then one call a listing. What is in doubt is never told again here.

Looked at first because a number for a listing that Amazon fulfils would take it out of Amazon's warehouses, and because Amazon
accepts numbers for listings that it does not know.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.connectors.amazon import codes, mapping_goods
from apps.connectors.amazon.listings import Listings
from apps.hub import contracts as c
from apps.hub.errors import Misconfigured, Permanent, RateLimited, Transient

Body = Mapping[str, Any]


class Push:
    """One push, settled quantity by quantity."""

    def __init__(self, listings: Listings) -> None:
        self._listings = listings
        self._is_begun = False

    def settle(self, quantities: Sequence[c.StockQuantity]) -> list[c.StockOutcome]:
        """One outcome for each quantity, in their order. Raises the hub's errors where nothing was told yet."""
        known = self._look([one.external_id for one in quantities])
        outcomes: list[c.StockOutcome] = []
        for one in quantities:
            if outcomes and (outcomes[-1].is_unknown or outcomes[-1].is_put_off):
                outcomes.append(_put_off(one))
            else:
                outcomes.append(self._one(one, known.get(one.external_id)))
        return outcomes

    def _look(self, skus: Sequence[str]) -> Mapping[str, Body]:
        """The listings that there are. Whatever goes wrong here, nothing was told."""
        try:
            return self._listings.find(skus)
        except RateLimited:
            raise
        except Transient as error:
            raise Transient(str(error)) from error
        except (KeyError, TypeError, AttributeError) as error:
            raise Transient(f"searchListingsItems: Amazon's answer has another form: {error!r}") from error

    def _one(self, wanted: c.StockQuantity, item: Body | None) -> c.StockOutcome:
        if item is None:
            return _refused(wanted, "Amazon does not list it here")
        if mapping_goods.is_amazons(item):
            return _refused(wanted, "Amazon fulfils it from its own warehouses: its number is not ours to set")
        try:
            answer = self._listings.show(item, wanted.quantity)
        except (RateLimited, Misconfigured):
            if not self._is_begun:
                raise
            return _put_off(wanted)
        except Transient as error:
            if not self._is_begun:
                raise
            return _unknown(wanted) if error.sent else _put_off(wanted)
        except Permanent as error:
            return _refused(wanted, str(error))
        self._is_begun = True
        if "status" not in answer:
            return _unknown(wanted)
        if answer["status"] != codes.ACCEPTED:
            return _refused(wanted, _issues(answer))
        return c.StockOutcome(external_id=wanted.external_id, is_set=True, shown=max(0, wanted.quantity))


def _issues(answer: Body) -> str:
    said = "; ".join(str(issue.get("message", "")) for issue in answer.get("issues") or ())
    return f"{answer['status']}: {said or 'without a reason'}"[:300]


def _refused(wanted: c.StockQuantity, error: str) -> c.StockOutcome:
    return c.StockOutcome(external_id=wanted.external_id, is_set=False, error=error)


def _unknown(wanted: c.StockQuantity) -> c.StockOutcome:
    return c.StockOutcome(external_id=wanted.external_id, is_set=False, is_unknown=True)


def _put_off(wanted: c.StockQuantity) -> c.StockOutcome:
    return c.StockOutcome(external_id=wanted.external_id, is_set=False, is_put_off=True)
