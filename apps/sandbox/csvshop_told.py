"""What the merchant tells the shop that speaks in files to show, row by row."""

from typing import Any

from apps.sandbox.showcase import Showcase


def show(showcase: Showcase, rows: list[dict[str, str]]) -> dict[str, Any]:
    """Compare and set: a row that finds another number than it expects is told, and changes nothing."""
    numbers = [(row["sku"], int(row["quantity"])) for row in rows]
    expected = {row["sku"]: int(row["expected"]) if row["expected"] else None for row in rows}
    unset = showcase.put(numbers, expected=expected)
    return {
        "stale": [{"sku": one.sku, "shown": one.shown} for one in unset if one.shown is not None],
        "refused": [{"sku": one.sku, "error": "this shop does not list it"} for one in unset if one.shown is None],
    }
