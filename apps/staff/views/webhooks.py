"""Programs of the merchant's own that are told what happens here: made, tried, changed and told again by an owner.

A secret is made here and shown once. A new one signs beside the former for a day.
"""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.core import audit, clock
from apps.core.models import Brand
from apps.flows import tell_programs, wiring
from apps.hub import connections, doorbell
from apps.hub.models import Connection
from apps.staff import anew
from apps.staff.parts import times
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

CONNECTOR = "webhook"
BESIDE = timedelta(days=1)  # how long a former secret signs beside the new one


class ProgramForm(forms.Form):
    """What a program is called, where it listens and what it wants to know."""

    name = forms.CharField(label=gettext_lazy("Name of the program"), max_length=60)
    url = forms.CharField(label=gettext_lazy("Address"), max_length=500, widget=forms.URLInput)
    topics = forms.MultipleChoiceField(
        label=gettext_lazy("It is told"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: everything."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(topic, f"{words} ({topic})") for topic, words in tell_programs.PUBLIC.items()]
        self.fields["topics"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if not self.settings["url"].startswith(("http://", "https://")):
            self.add_error("url", ValidationError(_("An address begins with https://.")))
            return cleaned
        try:
            connections.check(CONNECTOR, self.settings)
        except connections.SettingsRefused as refused:
            self.add_error("url", ValidationError(str(refused)))
        return cleaned

    @property
    def settings(self) -> dict[str, Any]:
        """As they are kept."""
        return {"url": self.cleaned_data["url"], "topics": list(self.cleaned_data["topics"])}


@needs("connections.manage")
@anew.asked()
@never_cache
@sensitive_variables("secret", "context")
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """The list, and the form of a new one; its answer is the only page that ever shows the secret."""
    form = ProgramForm(request.POST or None)
    context: dict[str, Any] = {}
    if form.is_valid():
        secret = _new_secret()
        brand = Brand.objects.order_by("pk").first()
        if brand is None:
            raise Http404
        with transaction.atomic():
            made = connections.create(
                brand=brand, connector=CONNECTOR, name=form.cleaned_data["name"], settings=form.settings,
                secrets={"signing_secret": secret},
            )  # fmt: skip
            _note(request, "webhook.made", made, topics=form.settings["topics"])
        wiring.forget()
        context, form = {"made": made, "secret": secret}, ProgramForm()
    context |= {"form": form, "programs": _programs(), "place": "staff:connections"}
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "staff/webhooks.html", frame()[0] | context, status=status)


@needs("connections.manage")
@require_safe
def webhook(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """One program."""
    row = _get(connection_id)
    told = {"name": row.name, "url": row.settings["url"], "topics": row.settings.get("topics") or []}
    return _page(request, row, ProgramForm(told))


@needs("connections.manage")
@anew.asked()
@sensitive_variables("secret")
@never_cache
@require_POST
def change(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Another name, address or choice of events. Another host gets a secret of its own, which is shown now."""
    row, form = _get(connection_id), ProgramForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, status=400)
    kept = {name: value for name, value in row.settings.items() if name == "former_until"}
    with transaction.atomic():
        Connection.objects.filter(id=row.id).update(name=form.cleaned_data["name"])
        connections.change_settings(row, kept | form.settings)
        secret = "" if row.credentials.filter(name="signing_secret").exists() else _new_secret()
        if secret:
            connections.set_secret(row, "signing_secret", secret)
        _note(request, "webhook.changed", row, topics=form.settings["topics"])
    wiring.forget()
    if secret:
        return _page(request, _get(row.id), form, secret=secret)
    messages.success(request, _("Kept."))
    return redirect("staff:webhook", row.id)


@needs("connections.manage")
@anew.asked()
@sensitive_variables("secret", "former")
@never_cache
@require_POST
def rotate(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """A new secret, shown once; the former one signs beside it for a day."""
    row, secret = _get(connection_id), _new_secret()
    former = getattr(connections.settings_of(row), "signing_secret", "")
    with transaction.atomic():
        until = clock.wall() + BESIDE
        connections.change_settings(row, row.settings | {"former_until": until.isoformat()})
        if former:
            connections.set_secret(row, "former_secret", former, expires_at=None)
        connections.set_secret(row, "signing_secret", secret)
        _note(request, "webhook.secret_changed", row)
    told = {"name": row.name, "url": row.settings["url"], "topics": row.settings.get("topics") or []}
    return _page(request, _get(row.id), ProgramForm(told), secret=secret)


@needs("connections.manage")
@require_POST
def tell(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """A test event now, or everything of `since` once more."""
    row = _get(connection_id)
    text = request.POST.get("since", "")
    if not text:
        tell_programs.send_test(row)
        messages.success(request, _("A test event is on its way. What comes of it stands in the log."))
    elif since := _moment(text):
        count, left = tell_programs.tell_again(row, since)
        _note(request, "webhook.told_again", row, since=since.isoformat(), count=count)
        messages.success(request, _("%(n)d events are being sent again.") % {"n": count})
        if left:
            words = _("That is as many as one press sends. More is left from %(moment)s on.")
            messages.warning(request, words % {"moment": times.moment(left)})
    else:
        messages.warning(request, _("This is no date and time."))
    doorbell.ring()
    return redirect("staff:webhook", row.id)


def _page(
    request: HttpRequest, row: Connection, form: ProgramForm, *, secret: str = "", status: int = 200
) -> HttpResponse:
    until = row.settings.get("former_until")
    context = {
        "row": row, "form": form, "secret": secret, "place": "staff:connections",
        "former_until": datetime.fromisoformat(until) if until and datetime.fromisoformat(until) > clock.wall() else None,
        "topics": sorted(row.settings.get("topics") or []),
    }  # fmt: skip
    return render(request, "staff/webhook.html", frame()[0] | context, status=status)


def _programs() -> list[Connection]:
    return list(Connection.objects.filter(connector=CONNECTOR).order_by("name", "id")[:200])


def _get(connection_id: UUID) -> Connection:
    row = Connection.objects.filter(id=connection_id, connector=CONNECTOR).first()
    if row is None:
        raise Http404
    return row


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _moment(text: str) -> datetime | None:
    """A date and time of the form field, by the company's clock."""
    try:
        return timezone.make_aware(datetime.fromisoformat(text)).astimezone(UTC)
    except ValueError:
        return None


def _note(request: HttpRequest, action: str, row: Connection, **detail: object) -> None:
    audit.record(action, actor=audit.actor_of(request), subject=row, detail=detail)
