"""Bulk operations of the shop: a query is run whole, and its objects lie in a file, a line each, until somebody fetches it.

What is written down is the shop as it stood when the operation was started. The file's host is no part of the Admin API:
whoever shows it the shop's token is refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from apps.sandbox.graphql import Execution, Refused, parsed
from apps.sandbox.shopify_orders import gid, number_of
from apps.sandbox.shopify_stock import Stock
from apps.sandbox.world import Answer, Ask, World

SCHEMA = """
CREATE TABLE IF NOT EXISTS shopify_bulk (
    id INTEGER PRIMARY KEY, query TEXT NOT NULL, fate TEXT NOT NULL, looks INTEGER NOT NULL, objects INTEGER NOT NULL,
    file BLOB NOT NULL, is_cancelled INTEGER NOT NULL DEFAULT 0, is_over INTEGER NOT NULL DEFAULT 0);
"""
AT_ONCE = 5
# How an operation may end: its status, its error code, and whether a part of the file lies at partialDataUrl.
FATES: dict[str, tuple[str, str | None, bool]] = {
    "": ("COMPLETED", None, False),
    "broken_line": ("COMPLETED", None, False),  # one line of the file is no JSON
    "short": ("COMPLETED", None, False),  # the file ends early, each time it is fetched
    "short_once": ("COMPLETED", None, False),
    "gone": ("COMPLETED", None, False),  # the file's address has ended
    "elsewhere": ("COMPLETED", None, False),  # the file's address is one inside somebody's network
    "failed": ("FAILED", "INTERNAL_SERVER_ERROR", True),
    "timeout": ("FAILED", "TIMEOUT", False),
    "denied": ("FAILED", "ACCESS_DENIED", False),
    "canceled": ("CANCELED", None, False),
    "expired": ("EXPIRED", None, False),
    "endless": ("RUNNING", None, False),
}


class Bulk:
    """Operations, their ends, and their files."""

    def __init__(self, world: World, stock: Stock) -> None:
        self.db = world.db
        self.stock = stock
        self.host = ""  # where the shop was last spoken to: its files lie there, too
        self.coming: list[str] = []  # fates of operations to come, told by a command
        self.others = 0  # operations of others that run

    def run_query(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """`bulkOperationRunQuery`."""
        running = self.db.execute("SELECT count(*) FROM shopify_bulk WHERE NOT is_over").fetchone()[0]
        if running + self.others >= AT_ONCE:
            return _refusal("LIMIT_REACHED", "Bulk operations limit reached. Please try again later.")
        try:
            lines = list(self._lines(args["query"]))
        except Refused as refused:
            return _refusal("INVALID", f"Invalid bulk query: {refused}")
        fate = self.coming.pop(0) if self.coming else ""
        before = self.db.execute("SELECT count(*) FROM shopify_bulk").fetchone()[0]
        id = number_of("bulk", before)
        self.db.execute(
            "INSERT INTO shopify_bulk (id, query, fate, looks, objects, file) VALUES (?, ?, ?, 0, ?, ?)",
            (id, args["query"], fate, len(lines), b"".join(orjson.dumps(line) + b"\n" for line in lines)),
        )
        return {"bulkOperation": {"id": gid("BulkOperation", id)}, "userErrors": []}

    def _lines(self, query: str) -> Iterator[dict[str, Any]]:
        roots = {"products": lambda *_: self.stock.products(), "inventoryItems": lambda *_: self.stock.all_items()}
        for found in Execution(parsed(query), "", {}).run(roots).values():
            if "edges" not in found:
                raise Refused("a bulk query contains at least one connection")
            yield from _flat(found)

    def state(self, args: Mapping[str, Any]) -> dict[str, Any] | None:
        """`bulkOperation(id)`: created, then running, then at its end."""
        id = args["id"].rpartition("/")[2]
        row = self.db.execute("UPDATE shopify_bulk SET looks = looks + 1 WHERE id = ? RETURNING *", (id,)).fetchone()
        if row is None:
            return None
        status, code, has_part = FATES[row["fate"]]
        if row["is_cancelled"]:
            status, code, has_part = "CANCELED", None, False
        elif row["looks"] < 3:
            status, code, has_part = ("CREATED", "RUNNING")[row["looks"] - 1], None, False
        self.db.execute("UPDATE shopify_bulk SET is_over = ? WHERE id = ?", (status not in ("CREATED", "RUNNING"), id))
        url = f"http://{self.host}/shopify/bulk/{id}.jsonl?X-Goog-Signature=0a1b"
        if row["fate"] == "elsewhere":
            url = f"https://127.0.0.1:9/{id}.jsonl"
        return {
            "__typename": "BulkOperation",
            "id": args["id"],
            "status": status,
            "errorCode": code,
            "objectCount": str(row["objects"]),
            "url": url if status == "COMPLETED" and row["objects"] else None,
            "partialDataUrl": url if has_part else None,
        }

    def cancel(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """`bulkOperationCancel`."""
        id = args["id"].rpartition("/")[2]
        self.db.execute("UPDATE shopify_bulk SET is_cancelled = 1, is_over = 1 WHERE id = ? AND NOT is_over", (id,))
        return {"userErrors": []}

    def file(self, ask: Ask) -> Answer:
        """The file, as a signed address hands it out: whole, or as its operation's fate wants it."""
        if "x-shopify-access-token" in ask.headers:
            return Answer(400, "<Error><Code>InvalidArgument</Code></Error>", {"Content-Type": "application/xml"})
        id = ask.path.removeprefix("/bulk/").removesuffix(".jsonl")
        row = self.db.execute("SELECT * FROM shopify_bulk WHERE id = ?", (id,)).fetchone()
        if row is None or row["fate"] == "gone" or "X-Goog-Signature" not in ask.query:
            return Answer(403, "<Error><Code>ExpiredToken</Code></Error>", {"Content-Type": "application/xml"})
        file = bytes(row["file"])
        if row["fate"] in ("short", "short_once", "failed"):
            file = file[: len(file) // 2]
        if row["fate"] == "short_once":
            self.db.execute("UPDATE shopify_bulk SET fate = '' WHERE id = ?", (id,))
        if row["fate"] == "broken_line":
            first, _, rest = file.partition(b"\n")
            file = first[: len(first) // 2] + b"\n" + rest
        return Answer(200, file, {"Content-Type": "application/jsonl"})


def _flat(connection: Mapping[str, Any], parent: str = "") -> Iterator[dict[str, Any]]:
    """A line an object; what a connection inside it holds follows on lines of its own, with the parent's id."""
    for edge in connection["edges"]:
        node = edge["node"]
        if "id" not in node:
            raise Refused("a node with connections has to select its id")
        within = {name: value for name, value in node.items() if isinstance(value, dict) and "edges" in value}
        line = {name: value for name, value in node.items() if name not in within}
        yield line | {"__parentId": parent} if parent else line
        for one in within.values():
            yield from _flat(one, node["id"])


def _refusal(code: str, message: str) -> dict[str, Any]:
    return {"bulkOperation": None, "userErrors": [{"code": code, "field": ["query"], "message": message}]}
