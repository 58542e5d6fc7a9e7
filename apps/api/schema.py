"""What the description of the API says of every address: the token, the key of a write, and that errors are problems."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"type": "string"}, "errors": {"type": "object"},
    },
}  # fmt: skip
_ERRORS = {
    "400": "Something in the request does not fit.", "401": "No token, or one that is not valid.",
    "403": "The token lacks a scope.", "404": "There is no such thing.", "405": "Not a method of this address.",
    "406": "The API answers in JSON.", "429": "Too many requests.",
}  # fmt: skip
_WRITE_ERRORS = {
    "409": "It cannot be done now.", "413": "The body is too large.", "415": "The body must be JSON.",
    "422": "The key was used for another request.", "428": "A write needs an Idempotency-Key.",
}  # fmt: skip
_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Any text of your own; send the same when you try again.",
}  # fmt: skip


class Described(AutoSchema):
    """Our lists are lists, whatever their views are made of."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self.method == "GET" and hasattr(self.view, "filterset_class")


class BearerScheme(OpenApiAuthenticationExtension):
    """How the description names our authentication; drf-spectacular finds it by being imported."""

    target_class = "apps.api.access.Bearer"
    name = "client"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Client credentials."""
        return {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/api/oauth/token/", "scopes": {}}}}


def complete(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """Add them to every operation."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    for item in result["paths"].values():
        for method, told in item.items():
            is_write = method != "get"
            told["security"] = [{"client": []}]
            if is_write:
                told.setdefault("parameters", []).append(_KEY)
            for status, words in (_ERRORS | (_WRITE_ERRORS if is_write else {})).items():
                told["responses"][status] = {
                    "description": words,
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            if method == "patch":
                told["responses"]["412"] = {
                    "description": "It was changed meanwhile.",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
    return result
