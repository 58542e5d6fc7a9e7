"""The pages of the staff UI as the rail lists them: name, words, key and the ability each one needs."""

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from apps.staff import roles


@dataclass(frozen=True, slots=True)
class Page:
    """One entry of the rail. `key` follows `g` on the keyboard."""

    name: str
    label: Any
    ability: str
    key: str


PAGES = (
    Page("staff:desk", _("Orders"), "orders.view", "o"),
    Page("staff:pack", _("Pick and pack"), "orders.ship", "s"),
    Page("staff:stock", _("Stock"), "stock.view", "z"),
    Page("staff:purchases", _("Purchasing"), "purchases.view", "h"),
    Page("staff:night", _("Nightly reconciliation"), "night.view", "n"),
    Page("staff:books", _("Books"), "books.view", "b"),
    Page("staff:connections", _("Connections"), "connections.view", "c"),
    Page("admin:index", _("Record room"), "records.view", "r"),
)


def open_to(user: roles.User) -> list[tuple[Page, str]]:
    """The pages this person may open, each with its address, in the rail's order."""
    found = []
    for page in PAGES:
        try:
            address = reverse(page.name)
        except NoReverseMatch:  # a door may be left out of an installation
            continue
        if roles.may(user, page.ability):
            found.append((page, address))
    return found


def first_for(user: roles.User) -> str:
    """Where this person's work begins; their own account page for somebody without a role."""
    pages = open_to(user)
    return pages[0][1] if pages else reverse("mfa_index")
