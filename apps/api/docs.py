"""The API's pages for people: every address with its fields, out of the same description that programs read."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

_METHODS = ("get", "post", "patch")


_EXAMPLES = """curl -u ID:SECRET -d grant_type=client_credentials {here}/api/oauth/token/
curl -H "Authorization: Bearer TOKEN" "{here}/api/v1/orders/?limit=10"
curl -X POST -H "Authorization: Bearer TOKEN" -H "Idempotency-Key: my-key-1" \\
     -H "Content-Type: application/json" -d '{{"reason": "check the address"}}' {here}/api/v1/orders/ID/hold/"""


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
    here = request.build_absolute_uri("/").rstrip("/")
    return render(
        request,
        "api/docs.html",
        {"groups": groups.items(), "info": schema["info"], "examples": _EXAMPLES.format(here=here)},
    )
