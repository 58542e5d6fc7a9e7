"""The API's pages for people: every address with its fields, out of the same description that programs read."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

_METHODS = ("get", "post", "patch")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What the API offers; no script runs on it, so that the content policy stays as strict as everywhere."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    groups: dict[str, list[dict[str, object]]] = {}
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if method in item:
                told = item[method]
                groups.setdefault(told["tags"][0], []).append({"path": path, "method": method.upper(), "told": told})
    return render(request, "api/docs.html", {"groups": groups.items(), "info": schema["info"]})
