"""Tell me: how each person wants to hear of alerts. One card for each connection that can carry them; nothing is sent unasked."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.core import audit, clock
from apps.flows import tell, wiring
from apps.flows.alert_kinds import Kind
from apps.hub import doorbell, registry
from apps.hub.models import Connection, Delivery
from apps.messaging.models import Alert, AlertChoice, AlertNotice
from apps.staff.parts import bell, words
from apps.staff.parts.frame import frame


@dataclass(frozen=True, slots=True)
class Way:
    """One connection that can tell people, with this person's form of it."""

    connection: Connection
    label: str
    form: "ChoiceForm"
    choice: AlertChoice | None = None
    last: AlertNotice | None = None
    delivery: Delivery | None = None

    @property
    def is_shadowed(self) -> bool:
        """Whether what would be sent is only shown."""
        return bool({"notice", "message"} & set(self.connection.shadowed_abilities))

    @property
    def is_stopped(self) -> bool:
        """Whether nothing goes out by it now."""
        return self.connection.status != Connection.Status.ACTIVE or not tell.carries(self.connection)

    @property
    def mark(self) -> str:
        """How the last message stands."""
        return words.mark("delivery", self.delivery.status) if self.delivery else "idle"


class ChoiceForm(forms.Form):
    """What one person wants of one connection."""

    is_on = forms.BooleanField(label=gettext_lazy("Tell me this way"), required=False)
    to = forms.CharField(label=gettext_lazy("Address"), required=False, max_length=254)
    least = forms.TypedChoiceField(
        label=gettext_lazy("How urgent at least"), choices=Alert.Severity.choices, coerce=int
    )
    when = forms.ChoiceField(label=gettext_lazy("When to tell me"), choices=AlertChoice.When.choices)
    kinds = forms.MultipleChoiceField(label=gettext_lazy("Kinds"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, manifest: registry.Manifest, kinds: list[Kind], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.manifest = manifest
        self.is_mail = "notice" not in manifest.abilities
        self.fields["kinds"].choices = [(kind.name, kind.label) for kind in kinds]
        if self.is_mail:
            self.fields["to"].label = _("Mail address")
            self.fields["to"].widget = forms.EmailInput()
        elif manifest.reaches:
            self.fields["to"].help_text = _("Such as %(example)s.") % {"example": manifest.reaches_like}
        else:
            del self.fields["to"]

    def clean(self) -> dict[str, Any]:
        """Whoever wants to be told says where."""
        cleaned = super().clean() or self.cleaned_data
        to = cleaned.get("to", "").strip()
        if "to" not in self.fields or (not to and not cleaned.get("is_on")):
            return cleaned
        if self.is_mail:
            try:
                validate_email(to)
            except ValidationError as error:
                self.add_error("to", error)
        elif not re.fullmatch(self.manifest.reaches, to):
            self.add_error("to", _("This is no address there."))
        return cleaned | {"to": to}


@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    """Everything on one page, saved at once."""
    kinds = bell.kinds_of(request.user)
    ways = _ways(request, kinds)
    wrong = [way for way in ways if not way.form.is_valid()] if request.method == "POST" else []
    if request.method == "POST" and not wrong:
        _save(request, ways, kinds)
        messages.success(request, _("Saved."))
        return redirect("staff:alert_choices")
    context = frame()[0] | {
        "ways": ways, "kinds": kinds, "gather": tell.GATHER.seconds // 60, "rest": tell.REST.seconds // 60,
        "urgent_rest": tell.URGENT_REST.seconds // 60, "morning": f"{tell.MORNING:%H:%M}", "place": "staff:alerts",
    }  # fmt: skip
    return render(request, "staff/alert_choices.html", context, status=400 if wrong else 200)


@require_POST
def try_out(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Send this person a message that says only that it arrives."""
    choice = AlertChoice.objects.filter(person=request.user, connection=connection_id, is_on=True)
    row = choice.select_related("connection__brand").first()
    if row is None:
        raise Http404
    if tell.try_out(row):
        doorbell.ring()
        messages.success(request, _("A trial is on its way."))
    else:
        messages.warning(request, _("A trial was sent a moment ago. Wait a minute."))
    return redirect("staff:alert_choices")


def _ways(request: HttpRequest, kinds: list[Kind]) -> list[Way]:
    rows = [*wiring.with_ability("notice"), *wiring.with_ability("message")]
    chosen = {row.connection_id: row for row in AlertChoice.objects.filter(person=request.user, connection__in=rows)}
    found = []
    for row in rows:
        manifest, choice = registry.manifest(row.connector), chosen.get(row.id)
        muted = set(choice.muted) if choice else set()
        initial = {
            "is_on": bool(choice and choice.is_on),
            "to": choice.to if choice else request.user.email if "notice" not in manifest.abilities else "",
            "least": choice.least if choice else Alert.Severity.ACT,
            "when": choice.when if choice else AlertChoice.When.AT_ONCE,
            "kinds": [kind.name for kind in kinds if kind.name not in muted],
        }
        form = ChoiceForm(request.POST or None, prefix=str(row.id), initial=initial, manifest=manifest, kinds=kinds)
        found.append(Way(row, manifest.label, form, choice, *_last(choice)))
    return found


def _last(choice: AlertChoice | None) -> tuple[AlertNotice | None, Delivery | None]:
    """The newest message to where this person is told, and its delivery."""
    if choice is None or not choice.is_on:
        return None, None
    notice = AlertNotice.objects.filter(connection=choice.connection, to=choice.to).order_by("-at").first()
    return notice, notice and Delivery.objects.filter(subject=notice.id).defer("sealed").first()


def _save(request: HttpRequest, ways: list[Way], kinds: list[Kind]) -> None:
    known = {kind.name for kind in kinds}
    with transaction.atomic():
        for way in ways:
            told = way.form.cleaned_data
            before = AlertChoice.objects.filter(person=request.user, connection=way.connection).first()
            if before is None and not told["is_on"]:
                continue
            # What somebody may not look at today stays as they chose it when they could.
            muted = {kind for kind in (before.muted if before else ()) if kind not in known} | (
                known - set(told["kinds"])
            )
            facts = {
                "is_on": told["is_on"], "to": told.get("to", ""), "least": told["least"], "when": told["when"],
                "muted": sorted(muted), "locale": get_language() or "ja",
                "changed_at": clock.now(),
            }  # fmt: skip
            AlertChoice.objects.update_or_create(person=request.user, connection=way.connection, defaults=facts)
        audit.record(
            "alerts.chosen", actor=audit.actor_of(request),
            detail={"ways": [way.connection.name for way in ways if way.form.cleaned_data["is_on"]]},
        )  # fmt: skip
