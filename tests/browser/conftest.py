"""Debian's chromium by Playwright, against a live server; without a browser these tests skip and say so."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

from tests.staff.people import browser_of, make_person

HERE = Path(__file__).parent
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder drives a browser and commits for real."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="module")  # Playwright keeps an event loop in this thread: it ends with the module
def chromium(django_db_setup: None) -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium here; Debian has one in the package chromium")
    # Playwright keeps an event loop in this thread, which Django takes for a mistake.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    ours = connections["default"]
    with sync_playwright() as playwright:
        # Beside a running loop Django would open another connection, which knows nothing of the first rows of the database.
        connections["default"] = ours
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Screen:
    """A page of one browser window, and what went wrong in it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("response", self._answered)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not said.text.startswith("Failed to load resource"):
            self.complaints.append(said.text)

    def _answered(self, response: Response) -> None:
        """The browser's own complaint does not say what is missing, so it is said here."""
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url.removeprefix(self.address)}")

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture
def screen_of(chromium: Browser, live_server, settings) -> Iterator[Callable[..., Screen]]:
    """`screen_of("owner", language="ja", size=PHONE)`: a window in which somebody with that role is signed in."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    windows = []

    def opened(role: str | None = None, *, language: str = "ja", size: dict[str, int] = WIDE) -> Screen:
        window = chromium.new_context(viewport=size, locale=language, has_touch=size is PHONE, is_mobile=size is PHONE)
        window.set_default_timeout(10_000)
        windows.append(window)
        if role:
            key = browser_of(make_person(f"{role}{len(windows)}", role)).session.session_key
            window.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        return Screen(window.new_page(), live_server.url)

    yield opened
    for window in windows:
        window.close()
