"""What every resource has in common: lists by cursor with named filters, one thing with its ETag, writes under a key.

A view names the scope of each method; one without a scope is shut to everybody. A query parameter that is not a filter is an
error and not ignored: a typing mistake must not read everything.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions, generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import keys, problems

_PAGING = frozenset({"cursor", "limit"})


@extend_schema_field(OpenApiTypes.BOOL)
class YesNo(filters.TypedChoiceFilter):
    """`true` or `false`; anything else is a mistake and not "either"."""

    def __init__(self, **more: Any) -> None:
        super().__init__(choices=[("true", "true"), ("false", "false")], coerce=lambda text: text == "true", **more)


class MomentField(IsoDateTimeField):
    """A moment with or without its offset, told to the database in UTC: PostgreSQL knows no offset beyond sixteen hours."""

    def to_python(self, value: Any) -> datetime | None:
        found = super().to_python(value)
        try:
            return found and found.astimezone(UTC)
        except (OverflowError, ValueError) as error:
            raise ValidationError("There is no such moment.") from error


class Moment(filters.IsoDateTimeFilter):
    """Filter by a moment."""

    field_class = MomentField


class View(generics.GenericAPIView):
    """One address. `scopes`: method -> scope."""

    scopes: ClassVar[Mapping[str, str]]

    def actor(self) -> str:
        """How the client is named in history rows."""
        return f"api:{self.request.auth.application.name}"[:80]

    def may(self, scope: str) -> bool:
        """Whether the token carries a further scope, such as that for personal data."""
        auth = self.request.auth
        return bool(auth and auth.is_valid([scope]) and scope in auth.application.scopes)

    def get_serializer_context(self) -> dict[str, Any]:
        return super().get_serializer_context() | {"sees_people": bool(self.request) and self.may("customers:read")}


class Rows(View):
    """A list, the newest first."""

    filter_backends = (filters.DjangoFilterBackend,)

    def get(self, request: Request) -> Response:
        """One page of it."""
        known = _PAGING | set(self.filterset_class.base_filters)
        if unknown := sorted(set(request.query_params) - known):
            raise exceptions.ValidationError({name: ["There is no such filter."] for name in unknown})
        if empty := sorted(name for name, value in request.query_params.items() if not value):
            raise exceptions.ValidationError({name: ["It is empty."] for name in empty})
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)


class One(View):
    """One thing by its id."""

    lookup_field = "id"

    def get(self, request: Request, id: str) -> Response:
        """As it is now, with its ETag."""
        return self.told(self.row())

    def row(self) -> Any:
        """The thing, or 404."""
        return self.get_object()

    def told(self, row: Model) -> Response:
        """Its representation; `If-None-Match` saves the body."""
        data = self.get_serializer(row).data
        tag = etag(data)
        if tag in _tags(self.request.headers.get("If-None-Match", "")):
            return Response(status=304, headers={"ETag": tag})
        return Response(data, headers={"ETag": tag})

    def check_unchanged(self, row: Model) -> None:
        """Raises `ChangedMeanwhile` where `If-Match` names another state than this row's (locked by the caller)."""
        wanted = _tags(self.request.headers.get("If-Match", ""))
        if wanted and "*" not in wanted and etag(self.get_serializer(row).data) not in wanted:
            raise problems.ChangedMeanwhile


class Deed(View):
    """A write: a body that is checked, then one story under the request's key."""

    def once(
        self, write: Callable[[Mapping[str, Any]], tuple[int, Any]], body: type[serializers.Serializer]
    ) -> Response:
        """Check the body, then do it once."""
        checked = body(data=self.request.data)
        checked.is_valid(raise_exception=True)
        return keys.once(self.request, lambda: write(checked.validated_data))


def locked(rows: QuerySet[Any], id: Any) -> Any:
    """The row, locked until the end of the write. Raises `Http404`."""
    row = rows.select_for_update(no_key=True, of=("self",)).filter(id=id).first()
    if row is None:
        raise Http404
    return row


def etag(data: Any) -> str:
    """A strong validator of a representation."""
    plain = json.dumps(data, cls=DjangoJSONEncoder, sort_keys=True).encode()
    return f'"{hashlib.sha256(plain).hexdigest()[:32]}"'


def _tags(header: str) -> set[str]:
    return {part.strip().removeprefix("W/") for part in header.split(",") if part.strip()}
