"""Programs that may use the API: made by an owner, their secret shown once, ended in one press.

The model belongs to the API's own door; the provider's registry hands it over.
"""

import secrets
from datetime import timedelta

from django import forms
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST
from oauth2_provider.models import get_access_token_model, get_application_model
from oauth2_provider.scopes import get_scopes_backend

from apps.core import audit, clock
from apps.staff import anew
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

_LIFE = {"30": _("30 days"), "90": _("90 days"), "365": _("a year"), "": _("no end")}


class ClientForm(forms.Form):
    """What a program is called, what it may do and for how long."""

    name = forms.CharField(label=_("Name of the program"), max_length=60)
    scopes = forms.MultipleChoiceField(label=_("It may"), widget=forms.CheckboxSelectMultiple)
    days = forms.ChoiceField(label=_("Valid for"), required=False, choices=list(_LIFE.items()), initial="365")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        every = get_scopes_backend().get_all_scopes()
        self.fields["scopes"].choices = [(name, f"{words} ({name})") for name, words in every.items()]


@needs("settings.manage")
@anew.asked()
@never_cache
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def clients(request: HttpRequest) -> HttpResponse:
    """The list, and the form of a new one; its answer is the only page that ever shows the secret."""
    form = ClientForm(request.POST or None)
    context = frame()[0] | {"form": form, "place": "staff:connections"}
    if form.is_valid():
        secret = secrets.token_urlsafe(32)
        made = _make(request, form, secret)
        context |= {"form": ClientForm(), "made": made, "secret": secret}
    rows = get_application_model().objects.filter(ended_at=None).order_by("-id")[:200]
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "staff/clients.html", context | {"clients": rows, "now": clock.wall()}, status=status)


@needs("settings.manage")
@require_POST
def end(request: HttpRequest, client_id: int) -> HttpResponse:
    """It may do nothing any more, from this moment."""
    model = get_application_model()
    with transaction.atomic():
        row = model.objects.select_for_update(no_key=True).filter(pk=client_id, ended_at=None).first()
        if row is None:
            raise Http404
        row.ended_at = clock.wall()
        row.save(update_fields=["ended_at"])
        get_access_token_model().objects.filter(application=row).delete()
        _note(request, "client.ended", row.name)
    return redirect("staff:clients")


def _make(request: HttpRequest, form: ClientForm, secret: str) -> object:
    model, told = get_application_model(), form.cleaned_data
    life = timedelta(days=int(told["days"])) if told["days"] else None
    with transaction.atomic():
        made = model.objects.create(
            name=told["name"], client_secret=secret, client_type=model.CLIENT_CONFIDENTIAL, scopes=told["scopes"],
            authorization_grant_type=model.GRANT_CLIENT_CREDENTIALS, made_by=audit.actor_of(request),
            expires_at=clock.wall() + life if life else None,
        )  # fmt: skip
        _note(request, "client.made", told["name"], scopes=told["scopes"])
    return made


def _note(request: HttpRequest, action: str, name: str, **detail: object) -> None:
    audit.record(
        action, actor=audit.actor_of(request), detail={"name": name} | detail, address=request.META.get("REMOTE_ADDR")
    )
