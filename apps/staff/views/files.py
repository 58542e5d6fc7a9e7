"""Files of a connection: what was taken and what was set aside, and a person's own upload, which is read dry first.

Between the dry run and the deed the file waits sealed in the cache for a quarter of an hour; its token is the person's own.
"""

import secrets
from collections import Counter
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.core import audit, crypto, keyset
from apps.flows import stop_falls, take_file
from apps.hub import doorbell, errors, registry, row_reasons
from apps.hub import queries as hub
from apps.hub.contracts import OrderDraft, ReturnDraft, StockChange, VariantCard
from apps.hub.models import Connection, FileRun
from apps.staff import roles
from apps.staff.parts import words
from apps.staff.parts.frame import frame
from apps.staff.roles import needs
from apps.staff.templatetags import shown

MOST_BYTES = 8 * 1024 * 1024
KEPT_SECONDS = 900
# A carrier's file of numbers is handed in on the packing page, where its parcels are.
KINDS = {code: word for code, word in words.FILE_KINDS.items() if code != "issued"}


@needs("connections.view")
@require_safe
def file_list(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """The newest files of a connection, and the form for another one."""
    return _page(request, _get(connection_id))


def _page(request: HttpRequest, row: Connection, *, status: int = 200, **more: Any) -> HttpResponse:
    context = frame()[0] | {
        "row": row, "runs": hub.file_runs(row.id, limit=50), "kinds": KINDS, "kind": "orders", "error": "",
        "preview": None, "place": "staff:connections",
    }  # fmt: skip
    return render(request, "staff/files.html", context | more, status=status)


def _get(connection_id: UUID) -> Connection:
    row = Connection.objects.filter(id=connection_id).first()
    manifest = registry.manifests().get(row.connector) if row else None
    if row is None or manifest is None or "files" not in manifest.abilities:
        raise Http404
    return row


@needs("connections.view")
@require_safe
def one_file(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One file: how far it is, and its rows that were set aside, each with its reason."""
    run = FileRun.objects.select_related("connection", "event").filter(id=run_id).first()
    if run is None:
        raise Http404
    return _one(request, run)


def _one(request: HttpRequest, run: FileRun, *, error: str = "", status: int = 200) -> HttpResponse:
    page = keyset.page(
        hub.set_aside(run), ("row", "id"), after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    rows = [{"row": row, "reason": row_reasons.WORDS.get(row.reason, row.reason)} for row in page.rows]
    is_stopped = run.stopped_at is not None and not run.decision
    since = FileRun.objects.filter(kind=run.kind, started_at__gt=run.started_at, taken__gt=0).order_by("-id")
    context = frame()[0] | {
        "run": run, "rows": rows, "page": page, "is_stopped": is_stopped, "error": error,
        "newer": list(since[:5]) if is_stopped else [], "place": "staff:connections",
    }  # fmt: skip
    return render(request, "staff/file.html", context, status=status)


@needs("stock.adjust")
@require_POST
def decide(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """A file that would empty too much: `approve` takes it in, anything else turns it away with a reason."""
    run = FileRun.objects.select_related("connection", "event").filter(id=run_id).first()
    if run is None:
        raise Http404
    is_approved, why = request.POST.get("decision") == "approve", request.POST.get("why", "").strip()
    if not is_approved and not why:
        return _one(request, run, error=_("The reason is missing. Write one line."), status=409)
    done = stop_falls.decide_file(run.id, is_approved=is_approved, actor=audit.actor_of(request), why=why)
    doorbell.ring()
    if not done:
        messages.warning(request, _("It is not waiting any more. Nothing was changed."))
    elif is_approved:
        messages.success(request, _("%(name)s is being taken in.") % {"name": run.name})
    else:
        messages.success(request, _("%(name)s is turned away. Nothing of it was booked.") % {"name": run.name})
    return redirect("staff:file", run.id) if roles.may(request.user, "connections.view") else redirect("staff:stock")


@needs("connections.retry")
@require_POST
def upload(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """First a file (dry run), then its token (the deed)."""
    row = _get(connection_id)
    if token := request.POST.get("token", ""):
        return _take(request, row, token)
    kind = request.POST.get("kind", "")
    file = request.FILES.get("file")
    if kind not in KINDS or file is None:
        return _page(request, row, kind=kind, error=_("Choose a kind and a file."), status=409)
    if file.size > MOST_BYTES:
        words_ = _("The file is larger than 8 MB. Cut it into parts, or let the shop's system push it.")
        return _page(request, row, kind=kind, error=words_, status=413)
    content = file.read()
    try:
        read = take_file.preview(row, file.name, kind, content)
    except errors.Unreadable as error:
        words_ = _("Nothing of this file can be read: %(reason)s") % {"reason": error}
        return _page(request, row, kind=kind, error=words_, status=409)
    except (errors.Misconfigured, LookupError) as error:
        words_ = _("The settings of this connection are wrong: %(reason)s") % {"reason": error}
        return _page(request, row, kind=kind, error=words_, status=409)
    token = secrets.token_urlsafe(24)
    place = _place(row)
    cache.set(
        _key(request, token), {"name": file.name, "kind": kind, "sealed": crypto.seal(content, **place)}, KEPT_SECONDS
    )
    return _page(request, row, kind=kind, preview=_preview(read, file.name, kind), token=token)


def _take(request: HttpRequest, row: Connection, token: str) -> HttpResponse:
    kept = cache.get(_key(request, token))
    if kept is None:
        words_ = _("The preview is older than 15 minutes. Choose the file again.")
        return _page(request, row, error=words_, status=409)
    cache.delete(_key(request, token))
    content = crypto.unseal(kept["sealed"], **_place(row))
    is_new = take_file.upload(row, kept["name"], kept["kind"], content)
    audit.record(
        "file.uploaded", actor=audit.actor_of(request), subject=row, detail={"name": kept["name"], "new": is_new}
    )
    doorbell.ring()
    if is_new:
        messages.success(request, _("%(name)s is being taken in. Its progress is below.") % {"name": kept["name"]})
    else:
        messages.warning(request, _("%(name)s had come before. Nothing was changed.") % {"name": kept["name"]})
    return redirect("staff:files", row.id)


def _key(request: HttpRequest, token: str) -> str:
    return f"upload:{request.user.pk}:{token}"


def _place(row: Connection) -> dict[str, Any]:
    return {"table": "staff_upload", "row": row.id, "field": "content"}


def _preview(read: take_file.Preview, name: str, kind: str) -> dict[str, Any]:
    """What the file would do, for a person: counts, the first things in words, rows that would be set aside."""
    counts = Counter(row.reason for row in read.set_aside)
    return {
        "name": name,
        "kind": KINDS[kind],
        "rows": read.rows,
        "things": [_thing(thing) for thing in read.things[:20]],
        "more": len(read.things) >= 20,
        "set_aside": [
            (row.row, row_reasons.WORDS.get(row.reason, row.reason), row.detail) for row in read.set_aside[:20]
        ],
        "reasons": [(row_reasons.WORDS.get(reason, reason), count) for reason, count in counts.most_common()],
        "unknown_skus": read.unknown_skus[:20],
        "fall": read.fall,
    }


def _thing(thing: Any) -> tuple[str, str, str]:
    """(name, what, amount) of one thing in a file, without people."""
    if isinstance(thing, OrderDraft):
        lines = ", ".join(f"{line.sku or line.title} × {line.quantity}" for line in thing.lines[:4])
        return thing.number, lines, shown.money(thing.total_minor, thing.currency)
    if isinstance(thing, ReturnDraft):
        lines = ", ".join(f"{line.sku} × {line.quantity}" for line in thing.lines[:4])
        return thing.external_id, lines, ""
    if isinstance(thing, StockChange):
        return thing.document, f"{thing.sku} {shown.signed(thing.quantity)}", thing.reason
    if isinstance(thing, VariantCard):
        price = f"{thing.price} {thing.currency}" if thing.price is not None else ""
        return thing.sku, thing.title, price
    return "", str(thing), ""
