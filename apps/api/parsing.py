"""Bodies are JSON of bounded size and depth; what is not is said to be so before anything is made of it."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from apps.api import problems


class Body(JSONParser):
    """UTF-8, at most `API_MAX_BYTES`; orjson refuses what is nested deeper than 1,024."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(settings.API_MAX_BYTES + 1)
        if len(raw) > settings.API_MAX_BYTES:
            raise problems.TooLarge(f"The body is larger than {settings.API_MAX_BYTES:,} bytes.")
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}") from error
