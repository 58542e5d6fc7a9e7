"""What a program may do: one table of scopes, and which of them each client was given."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from oauth2_provider.scopes import BaseScopes

SCOPES: Mapping[str, Any] = {
    "orders:read": _("read orders"),
    "orders:write": _("hold, release and cancel orders, write notes"),
    "products:read": _("read products"),
    "products:write": _("add and change products"),
    "stock:read": _("read stock"),
    "stock:write": _("set units aside and bring them back"),
    "customers:read": _("read customers: personal data"),
    "shipments:read": _("read shipments"),
    "returns:read": _("read returns"),
    "differences:read": _("read differences of the night"),
    "connections:read": _("read how connections are"),
}


class ClientScopes(BaseScopes):
    """A client gets what its owner ticked, and by default nothing less."""

    def get_all_scopes(self) -> dict[str, str]:
        """Every scope with its words."""
        return {name: str(words) for name, words in SCOPES.items()}

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *_args: Any, **_kwargs: Any
    ) -> list[str]:
        """What this client may ask for."""
        return list(application.scopes) if application else []

    def get_default_scopes(
        self, application: Any = None, request: Any = None, *_args: Any, **_kwargs: Any
    ) -> list[str]:
        """What it gets where it asks for nothing in particular."""
        return self.get_available_scopes(application)
