"""The connection wizard. A connection in it has the status `setup`: it neither asks nor tells by itself until `begin`.

No page waits for a vendor: a trial is a row that a worker makes, and the page looks for it.
"""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.core import audit, clock
from apps.core.models import Brand
from apps.flows import try_connection, wiring
from apps.hub import connections, doorbell, errors, oauth, registry, trials, waiting
from apps.hub.models import Connection, Cursor, Trial
from apps.staff import anew
from apps.staff.connection_form import SECRET, SETTING, ConnectionForm, form_for, label_of
from apps.staff.parts import words
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

SPANS = ("now", "week", "month", "day")


@needs("connections.manage")
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Every system there is a connector for, by kind: what it can do and what that was verified against."""
    groups: dict[Any, list[Any]] = {}
    for manifest in sorted(registry.manifests().values(), key=lambda one: one.label.lower()):
        card = {"manifest": manifest, "abilities": [words.ABILITIES.get(name, name) for name in manifest.abilities]}
        groups.setdefault(words.KINDS.get(manifest.kind, manifest.kind), []).append(card)
    open_ones = Connection.objects.filter(status=Connection.Status.SETUP).order_by("name")
    context = frame()[0] | {"groups": groups.items(), "open_ones": open_ones, "place": "staff:connections"}
    return render(request, "staff/connect.html", context)


@needs("connections.manage")
@anew.asked()
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of a new connection."""
    manifest = registry.manifests().get(slug)
    if manifest is None:
        raise Http404
    if manifest.kind == "program":  # its secret is made here, not typed
        return redirect("staff:webhooks")
    is_asked_in = manifest.oauth is not None and request.GET.get("way") != "keys"
    form = _form(request, manifest, Connection(brand=Brand.objects.order_by("pk").first(), name=manifest.label))
    if not form.is_valid():
        return _form_page(request, form, manifest)
    with transaction.atomic():
        made = connections.create(
            brand=form.cleaned_data["brand"], connector=slug, name=form.cleaned_data["name"], settings=form.plain,
            secrets=form.secrets, status=Connection.Status.SETUP,
        )  # fmt: skip
        _note(request, "connection.created", made, secrets=sorted(form.secrets))
    return redirect("staff:connect_one", made.id) if is_asked_in else _try(request, made)


@needs("connections.manage")
@anew.asked()
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def access(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """The same form once more, for what did not work."""
    row = _get(connection_id)
    manifest = registry.manifest(row.connector)
    form = _form(request, manifest, row)
    if not form.is_valid():
        return _form_page(request, form, manifest, row)
    with transaction.atomic():
        Connection.objects.filter(id=row.id).update(name=form.cleaned_data["name"], brand=form.cleaned_data["brand"])
        connections.change_settings(row, form.plain)
        for name, value in form.secrets.items():
            connections.set_secret(row, name, value)
        _note(request, "connection.changed", row, secrets=sorted(form.secrets))
    return _try(request, row)


@needs("connections.manage")
@require_safe
def one(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Where this connection stands on its way."""
    row = _get(connection_id)
    return render(request, "staff/connect_one.html", frame()[0] | _standing(row))


@needs("connections.manage")
@require_POST
def let_in(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Begin a way in: the page names the host and leads there, because our forms may post to nobody else. Also for a connection
    that is live and must be reconnected.
    """
    row = Connection.objects.filter(id=connection_id).first()
    if row is None or row.connector not in registry.manifests():
        raise Http404
    try:
        begun = oauth.begin(row, person=audit.actor_of(request), redirect_uri=_way_back())
    except (errors.Misconfigured, oauth.NotLetIn) as error:
        messages.warning(request, str(error))
        return redirect(_page_of(row))
    return render(
        request,
        "staff/connect_leave.html",
        frame()[0] | {"row": row, "begun": begun, "page": _page_of(row), "place": "staff:connections"},
    )


@needs("connections.manage")
@never_cache
@sensitive_variables("told")
@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """Where the vendor sends the person back to."""
    told = {name: str(request.GET[name]) for name in request.GET}
    try:
        row = oauth.finish(told, person=audit.actor_of(request))
    except oauth.ScopesMissing as error:
        words_ = _("The vendor granted less than Kurogo needs. Missing: %(scopes)s. Let it in again and tick these.")
        messages.warning(request, words_ % {"scopes": ", ".join(error.missing)})
        return redirect("staff:connect")
    except oauth.NotLetIn as error:
        messages.warning(request, _("Kurogo was not let in: %(reason)s.") % {"reason": error})
        return redirect("staff:connect")
    with transaction.atomic():
        _note(request, "connection.let_in", row)
    if row.status != Connection.Status.SETUP:
        waiting.reconnected(row)
        return redirect(_page_of(row))
    return _try(request, row)


def _page_of(row: Connection) -> str:
    """The page on which a connection is looked at: the wizard's until it is live."""
    is_live = row.status != Connection.Status.SETUP
    return reverse("staff:connection" if is_live else "staff:connect_one", args=[row.id])


def _way_back() -> str:
    return settings.PUBLIC_ADDRESS.rstrip("/") + reverse("staff:connect_back")


@needs("connections.manage")
@require_POST
def try_it(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Ask for a test call, or for a preview of what a first look from `span` on would bring."""
    row = _get(connection_id)
    if request.POST.get("kind") == Trial.Kind.PREVIEW:
        since = _since(request.POST.get("span", ""), request.POST.get("day", ""))
        if since is None:
            messages.warning(request, _("Choose a day that is not in the future."))
            return redirect("staff:connect_one", connection_id)
        try_connection.begin_reading(row, since)
        trials.ask(row, Trial.Kind.PREVIEW, actor=audit.actor_of(request), since=since)
        doorbell.ring()
        return redirect("staff:connect_one", connection_id)
    return _try(request, row)


@needs("connections.manage")
@require_POST
def pick(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """One of the choices that the vendor offered for a setting; then it is tried again."""
    row = _get(connection_id)
    made = trials.newest(row).get(Trial.Kind.CHECK)
    offered = made.found.get("choices", {}) if made else {}
    picked = {name: request.POST.get(name, "") for name in offered}
    if any(value not in [one for one, _name in offered[name]] for name, value in picked.items()):
        messages.warning(request, _("Choose one of those that the vendor offers."))
        return redirect("staff:connect_one", connection_id)
    with transaction.atomic():
        connections.change_settings(row, row.settings | picked)
        _note(request, "connection.changed", row, fields=sorted(picked))
    return _try(request, row)


@needs("connections.manage")
@require_safe
def trials_now(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """The part of the page that changes while a worker asks."""
    return render(request, "staff/_connect_trials.html", _standing(_get(connection_id)))


@needs("connections.manage")
@require_POST
def begin(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Let it go live: it reads from now on, and writes only what was ticked."""
    row = _get(connection_id)
    manifest = registry.manifest(row.connector)
    last = trials.newest(row).get(Trial.Kind.CHECK)
    if last is None or not last.is_ok or last.found.get("choices"):
        messages.warning(request, _("The test call must go well first."))
        return redirect("staff:connect_one", connection_id)
    switched_on = {name for name in manifest.writes if request.POST.get(f"on-{name}")}
    with transaction.atomic():
        connections.shadow(row, [name for name in manifest.writes if name not in switched_on])
        connections.go_live(row)
        makes = bool(request.POST.get("makes_variants"))
        trials.ask(row, Trial.Kind.IMPORT, actor=audit.actor_of(request), makes_variants=makes)
        _note(request, "connection.began", row, on=sorted(switched_on))
    wiring.forget()
    doorbell.ring()
    messages.success(request, _("%(name)s is connected.") % {"name": row.name})
    return redirect("staff:connection", connection_id)


@needs("connections.view")
@require_safe
def first_import(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """How far the first import is; a part of the connection's page."""
    trial = trials.newest(Connection(id=connection_id)).get(Trial.Kind.IMPORT)
    if trial is None:
        raise Http404
    return render(request, "staff/_first_import.html", {"first_import": trial})


def _try(request: HttpRequest, row: Connection) -> HttpResponse:
    trials.ask(row, Trial.Kind.CHECK, actor=audit.actor_of(request))
    doorbell.ring()
    return redirect("staff:connect_one", row.id)


def _form(request: HttpRequest, manifest: registry.Manifest, row: Connection) -> ConnectionForm:
    return form_for(manifest)(request.POST or None, instance=row)


def _form_page(
    request: HttpRequest, form: ConnectionForm, manifest: registry.Manifest, row: Connection | None = None
) -> HttpResponse:
    is_asked_in = manifest.oauth is not None and request.GET.get("way") != "keys"
    wanted = manifest.oauth.asked if manifest.oauth and is_asked_in else manifest.asked
    names = [(SECRET if name in manifest.secrets else SETTING) + name for name in wanted]
    about = [form[name] for name in ("name", "brand")]
    asked = [form[name] for name in names]
    rest = [field for field in form if field.name not in {*names, "name", "brand"}]
    context = frame()[0] | {
        "form": form, "manifest": manifest, "row": row, "asked": about + asked, "rest": rest,
        "is_asked_in": is_asked_in,
        "is_open": any(field.errors for field in rest), "place": "staff:connections",
    }  # fmt: skip
    return render(request, "staff/connect_form.html", context, status=400 if form.is_bound else 200)


def _standing(row: Connection) -> dict[str, Any]:
    manifest = registry.manifest(row.connector)
    made = trials.newest(row)
    check, preview = made.get(Trial.Kind.CHECK), made.get(Trial.Kind.PREVIEW)
    cursor = Cursor.objects.filter(connection=row, name="orders").first()
    is_let_in = manifest.oauth is None or row.credentials.filter(name=manifest.oauth.opens).exists()
    return {
        "is_let_in": is_let_in,
        "row": row, "manifest": manifest, "check": check, "preview": preview, "reads_orders": "orders" in manifest.abilities,
        "lists": "catalogue" in manifest.abilities,
        "since": cursor and cursor.read_at, "today": clock.business_date(),
        "writes": [(name, words.ABILITIES.get(name, name)) for name in manifest.writes],
        "is_waiting": any(trial.done_at is None for trial in made.values()),
        "may_begin": bool(check and check.is_ok and not check.found.get("choices")),
        "choices": _choices(check), "place": "staff:connections",
    }  # fmt: skip


def _choices(check: Trial | None) -> list[dict[str, Any]]:
    """What is still to be chosen: the setting as its form calls it, and the vendor's offers."""
    offered = check.found.get("choices", {}) if check else {}
    return [{"name": name, "label": label_of(name), "offers": offers} for name, offers in offered.items()]


def _since(span: str, day: str) -> datetime | None:
    """From when on orders are read; None where it is not a moment in the past."""
    now = clock.now()
    if span == "now":
        return now
    if span in ("week", "month"):
        return now - timedelta(days=7 if span == "week" else 30)
    try:
        told = parse_date(day)
    except ValueError:
        return None
    at = datetime.combine(told, time(), tzinfo=clock.shop_zone()) if told else None
    return at if at and at <= now else None


def _get(connection_id: UUID) -> Connection:
    row = Connection.objects.filter(id=connection_id, status=Connection.Status.SETUP).first()
    if row is None or row.connector not in registry.manifests():
        raise Http404
    return row


def _note(request: HttpRequest, action: str, row: Connection, **detail: Any) -> None:
    audit.record(
        action, actor=audit.actor_of(request), subject=row, detail=detail, address=request.META.get("REMOTE_ADDR")
    )
