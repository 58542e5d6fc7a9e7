"""What every page knows: the shop's name, the pages this person may open and their abilities. Read when asked for."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.core.models import Company
from apps.staff import middleware, pages, roles
from apps.staff.parts import bell


def staff(request: HttpRequest) -> dict[str, Any]:
    """Context for templates/staff/base.html; costs nothing on a page that does not use it."""
    user = getattr(request, "user", None)
    is_in = SimpleLazyObject(lambda: bool(user) and middleware.is_fully_signed_in(request))
    return {
        "shop_name": SimpleLazyObject(lambda: Company.objects.values_list("name", flat=True).first() or ""),
        "rail": SimpleLazyObject(lambda: pages.open_to(user) if is_in else []),
        "bell": SimpleLazyObject(lambda: bell.of(user) if is_in else None),
        "abilities": SimpleLazyObject(lambda: roles.abilities_of(user) if is_in else frozenset()),
        "is_signed_in": is_in,
        "is_demo": settings.IS_DEMO,
    }
