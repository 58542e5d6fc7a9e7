"""What the base of the staff UI needs in templates."""

from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse

from apps.staff import roles

register = template.Library()


@register.filter
def may(user: Any, ability: str) -> bool:
    """`{% if request.user|may:"orders.ship" %}`: whether the person has the ability (see roles.py)."""
    return roles.may(user, ability)


@register.simple_tag
def address_of(name: str, *args: Any) -> str:
    """The address of a page by name, or nothing where the installation does not have it."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.filter
def figure(counts: Any, name: str) -> Any:
    """The figure beside a page in the rail, `{"n": 4, "is": "act"}`, or nothing."""
    return (counts or {}).get(name)
