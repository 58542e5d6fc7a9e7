"""What a test asks of a page it looks at."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def faults(page: Page, *, leave_out: str = "") -> list[str]:
    """axe's serious and critical findings, each with the first element it concerns."""
    context: Any = {"exclude": [[leave_out]]} if leave_out else None
    found = Axe().run(page, context).response["violations"]
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found if rule["impact"] in ("serious", "critical")
    ]
