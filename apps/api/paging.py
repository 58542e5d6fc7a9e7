"""Pages by cursor: the newest first, each begins after the last row of the one before. Nothing is counted, nothing skipped."""

from rest_framework.pagination import CursorPagination


class Newest(CursorPagination):
    """50 rows a page unless the request says otherwise (`limit`, at most 200)."""

    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
