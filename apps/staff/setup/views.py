"""The pages of moving in. The first is open to whoever has the code that Kurogo shows when it starts; the others to an owner."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.db import connection, transaction
from django.db.models import Model
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from apps.core import audit, clock, first_run, place
from apps.core.models import Brand, Company
from apps.inventory.models import Location
from apps.ledger.models import TaxRate
from apps.staff.roles import needs
from apps.staff.setup import steps
from apps.staff.setup.forms import BrandForm, CompanyForm, LocationForm, OwnerForm, TaxForm

FORMS: dict[str, tuple[type[ModelForm], type[Model]]] = {
    "company": (CompanyForm, Company),
    "brand": (BrandForm, Brand),
    "location": (LocationForm, Location),
    "tax": (TaxForm, Company),
}
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def owner(request: HttpRequest) -> HttpResponse:
    """The first account. Shut as soon as anybody lives here, and to whoever has not the code."""
    if get_user_model().objects.exists():
        return redirect("staff:home")
    code = request.POST.get("code") or request.GET.get("code", "")
    if not first_run.is_code(code, settings.SECRET_KEY):
        return render(request, "staff/setup_code.html", {"told": code}, status=403 if code else 200)
    form = OwnerForm(request.POST or None)
    if not form.is_valid():
        return render(
            request, "staff/setup_owner.html", {"form": form, "code": code}, status=400 if form.is_bound else 200
        )
    with transaction.atomic():
        with connection.cursor() as cursor:  # of two who press at the same moment one is the first
            cursor.execute("LOCK TABLE auth_user IN SHARE ROW EXCLUSIVE MODE")
        if get_user_model().objects.exists():
            return redirect("staff:home")
        person = form.save()
        audit.record(
            "person.first_owner",
            actor=person.get_username(),
            subject=None,
            detail={},
            address=request.META.get("REMOTE_ADDR"),
        )
    login(request, person, backend=_BACKEND)
    record_authentication(request, person, method="password", username=person.get_username())
    return redirect("staff:setup")


@needs("settings.manage")
@require_safe
def setup(request: HttpRequest) -> HttpResponse:
    """What is done and what is not."""
    return render(request, "staff/setup.html", {"progress": steps.progress()})


@needs("settings.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, name: str) -> HttpResponse:
    """One page of it; saved, it leads to the next that is not done."""
    if name not in FORMS:
        raise Http404
    kind, model = FORMS[name]
    row = model._default_manager.order_by("pk").first()
    form = kind(request.POST or None, instance=row)
    if form.is_valid():
        _keep(request, name, form)
        after = steps.following(name)
        return redirect(_address(after.name) if after else reverse("staff:setup"))
    context: dict[str, Any] = {
        "form": form, "step": steps.BY_NAME[name], "progress": steps.progress(), "after": steps.following(name),
        "others": model._default_manager.count() - 1 if model in (Brand, Location) and row else 0,
    }  # fmt: skip
    if name == "tax":
        context["rates"] = _rates()
        context["country"] = place.country()
    return render(request, "staff/setup_step.html", context, status=400 if form.is_bound else 200)


def _keep(request: HttpRequest, name: str, form: ModelForm) -> None:
    with transaction.atomic():
        row = form.save(commit=False)
        if name == "company":
            row.country, row.time_zone = form.cleaned_data["country"], form.cleaned_data["time_zone"]
        if name == "tax":
            row.tax_checked_at = clock.wall()
        row.save()
        audit.record(
            f"setup.{name}", actor=audit.actor_of(request), subject=row, detail={"fields": sorted(form.changed_data)},
            address=request.META.get("REMOTE_ADDR"),
        )  # fmt: skip
    if name == "company":
        place.forget()
        place.look()


def _address(name: str) -> str:
    return reverse("staff:connect") if name == "connection" else reverse("staff:setup_step", args=[name])


def _rates() -> list[dict[str, Any]]:
    """The rate of each code that holds today in the shop's country, the highest first."""
    today = clock.business_date()
    rows = TaxRate.objects.filter(country=place.country(), from_day__lte=today).select_related("tax_code")
    newest = {row.tax_code_id: row for row in rows.order_by("from_day")}
    is_japanese = (get_language() or "").startswith("ja")
    return [
        {
            "name": row.tax_code.name_ja if is_japanese else row.tax_code.name_en, "from_day": row.from_day,
            "percent": f"{row.rate_bp / 100:g}",
        }
        for row in sorted(newest.values(), key=lambda row: -row.rate_bp)
    ]  # fmt: skip
