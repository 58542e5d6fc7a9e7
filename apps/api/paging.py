"""Pages by cursor: the newest first, each begins after the last row of the one before. Nothing is counted, nothing skipped."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class Newest(CursorPagination):
    """50 rows a page unless the request says otherwise (`limit`, at most 200)."""

    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"

    def get_page_size(self, request: Request) -> int:
        """What was asked for. A size that is none is an error, as every parameter that is mistyped."""
        told = request.query_params.get(self.page_size_query_param)
        if told is None:
            return self.page_size
        if not (told.isascii() and told.isdigit() and int(told[:9]) >= 1 and len(told) < 9):
            raise ValidationError({"limit": [f"A whole number from 1; more than {self.max_page_size} counts as that."]})
        return min(int(told), self.max_page_size)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The same, for the description."""
        told = super().get_schema_operation_parameters(view)
        for parameter in told:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] = {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 99_999_999,
                    "default": self.page_size,
                }
        return told
