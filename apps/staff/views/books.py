"""The book for an accountant: balances of a span, the lines behind each, and both as files."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.core import audit, clock, money
from apps.ledger import queries as book
from apps.ledger.models import Account, Line
from apps.staff import anew
from apps.staff.parts import sheets, typed
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

SIZE = 100


@needs("books.view")
@require_safe
def books(request: HttpRequest) -> HttpResponse:
    """`?since=`, `?until=` (this month without): every account with its opening, what moved, and its closing."""
    since, until, error = _span(request)
    rows = book.trial_balance(since, until)
    context = frame()[0] | {
        "since": since, "until": until, "today": clock.business_date(), "error": error, "place": "staff:books",
        "rows": [{"row": row, "name": _name(row)} for row in rows], "totals": _totals(rows),
    }  # fmt: skip
    return render(request, "staff/books.html", context)


@needs("books.view")
@require_safe
def account(request: HttpRequest, code: str) -> HttpResponse:
    """The lines of one account, a hundred at a time, in the order of the book."""
    row = Account.objects.filter(code=code).first()
    if row is None:
        raise Http404
    since, until, error = _span(request)
    lines = list(book.lines(since, until, account=code, after=_key(request.GET.get("after", "")))[: SIZE + 1])
    context = frame()[0] | {
        "account": row, "name": _name(row), "since": since, "until": until, "error": error, "lines": lines[:SIZE],
        "next": _token(lines[SIZE - 1]) if len(lines) > SIZE else "", "place": "staff:books",
        "is_later_page": bool(request.GET.get("after")),
    }  # fmt: skip
    return render(request, "staff/books_account.html", context)


@needs("books.view")
@anew.asked(also_to_read=True)
@require_safe
def balances_file(request: HttpRequest) -> HttpResponseBase:
    """The balances as CSV, amounts in major units."""
    since, until, _error = _span(request)
    head = [
        _("Ledger account"),
        _("Name"),
        _("Kind"),
        _("Currency"),
        _("Opening"),
        _("Debit"),
        _("Credit"),
        _("Closing"),
    ]
    rows = [
        (row.code, _name(row), row.kind, row.currency, *(_major(minor, row.currency) for minor in _figures(row)))
        for row in book.trial_balance(since, until)
    ]
    _note(request, "balances", since, until)
    return sheets.download(f"balances-{since}-{until}", head, rows)


@needs("books.view")
@anew.asked(also_to_read=True)
@require_safe
def journal_file(request: HttpRequest, code: str = "") -> HttpResponseBase:
    """Every line of a span as CSV; of one account, or the whole journal."""
    since, until, _error = _span(request)
    if code and not Account.objects.filter(code=code).exists():
        raise Http404
    head = [
        _("Day"), _("Entry"), _("Line"), _("Event"), _("Ledger account"), _("Name"), _("Debit"), _("Credit"), _("Currency"),
        _("Tax code"), _("Note"),
    ]  # fmt: skip
    names = {row.code: _name(row) for row in Account.objects.all()}
    _note(request, code or "journal", since, until)
    return sheets.download(f"{code or 'journal'}-{since}-{until}", head, _written(since, until, code, names))


def _written(since: date, until: date, code: str, names: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    for line in book.every_line(since, until, account=code):
        entry = line.entry
        yield (
            entry.day.isoformat(), entry.id, line.number, entry.event, line.account_id, names[line.account_id],
            _major(line.debit_minor, entry.currency), _major(line.credit_minor, entry.currency), entry.currency,
            line.tax_code, entry.memo,
        )  # fmt: skip


def _figures(row: book.Balance) -> tuple[int, int, int, int]:
    return row.opening, row.debit, row.credit, row.closing


def _totals(rows: list[book.Balance]) -> list[dict[str, Any]]:
    """Of each currency: what was debited and credited, which is the same, or the book is broken."""
    currencies = sorted({row.currency for row in rows})
    sums = [(one, [row for row in rows if row.currency == one]) for one in currencies]
    return [
        {"currency": one, "debit": sum(row.debit for row in own), "credit": sum(row.credit for row in own)}
        for one, own in sums
    ]


def _span(request: HttpRequest) -> tuple[date, date, str]:
    """The first and the last day, and what is wrong with them; this month where nothing usable was told."""
    today = clock.business_date()
    since, until = today.replace(day=1), today
    try:
        since = date.fromisoformat(request.GET.get("since") or since.isoformat())
        until = date.fromisoformat(request.GET.get("until") or until.isoformat())
    except ValueError:
        return today.replace(day=1), today, _("These are no days. This month is shown.")
    if since > until:
        return today.replace(day=1), today, _("The first day is after the last. This month is shown.")
    return since, until, ""


def _name(row: book.Balance | Account) -> str:
    return row.name_ja if (get_language() or "").startswith("ja") else row.name_en


def _major(minor: int, currency: str) -> Decimal:
    return money.Money(minor, currency).amount


def _token(line: Line) -> str:
    day, entry, number = book.key_of(line)
    return f"{day.isoformat()}~{entry}~{number}"


def _key(token: str) -> Any:
    """A place in the list; what cannot be read leads to its beginning."""
    day, _dot, rest = token.partition("~")
    entry, _dot, number = rest.partition("~")
    try:
        found = date.fromisoformat(day), typed.ident(entry), int(number)
    except ValueError:
        return None
    return found if found[1] else None


def _note(request: HttpRequest, what: str, since: date, until: date) -> None:
    detail = {"what": what, "since": since.isoformat(), "until": until.isoformat()}
    audit.record("books.taken", actor=audit.actor_of(request), detail=detail)
