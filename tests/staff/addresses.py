"""Every address of the URLconf with sample arguments, so that a test can knock at each door and a new one is not forgotten."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

SAMPLES = {"int": "1", "uuid": str(UUID(int=7)), "str": "x", "slug": "x", "path": str(UUID(int=7))}
_ARGUMENT = re.compile(r"<(?:(\w+):)?\w+>")


@dataclass(frozen=True)
class Address:
    """`name` with its namespace, as `request.resolver_match.view_name` says it."""

    name: str
    path: str


def every_address() -> list[Address]:
    """All of them, in the URLconf's order. Two patterns of one name are two addresses."""
    return list(_walk(get_resolver().url_patterns, "/", ""))


def _walk(patterns: list, prefix: str, namespace: str) -> Iterator[Address]:
    for pattern in patterns:
        path = prefix + _sample(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, path, inner)
        elif isinstance(pattern, URLPattern):
            yield Address(f"{namespace}{pattern.name}" if pattern.name else path, path)


def _sample(pattern: object) -> str:
    if isinstance(pattern, RoutePattern):
        return _ARGUMENT.sub(lambda found: SAMPLES[found.group(1) or "str"], str(pattern))
    # Django's admin has two regular expressions: the apps' index pages and the last one, which takes whatever is left.
    text = str(pattern).removeprefix("^").removesuffix("$")
    text = re.sub(r"\(\?P<app_label>(\w+)[^)]*\)", r"\1", text)
    return re.sub(r"\(\?P<url>[^)]*\)", "nowhere", text).replace("$", "")
