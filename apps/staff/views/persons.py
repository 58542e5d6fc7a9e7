"""A person who bought: what is known of them, what they allowed, and the answers that the law gives them a right to."""

from typing import Any
from uuid import UUID

from django import forms
from django.apps import apps
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.core import audit, clock
from apps.customers import consents
from apps.customers.models import Consent, Customer, Erasure
from apps.flows import disclose_person, erase_person, personal_data
from apps.orders.models import Order
from apps.staff import anew
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

ORDERS = 20


class ConsentForm(forms.Form):
    """What was allowed or withdrawn, where, and in which words."""

    kind = forms.ChoiceField(label=gettext_lazy("What for"), choices=Consent.Kind)
    is_given = forms.ChoiceField(
        label=gettext_lazy("They said"), choices=[("1", gettext_lazy("yes")), ("0", gettext_lazy("no longer"))]
    )
    source = forms.ChoiceField(label=gettext_lazy("Where it was said"), choices=Consent.Source)
    wording = forms.CharField(
        label=gettext_lazy("Words that were put to them"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class EraseForm(forms.Form):
    """Why, and that it is meant."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)
    is_meant = forms.BooleanField(label=gettext_lazy("I have read this. It cannot be undone."))


@needs("orders.view")
@require_safe
def person(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Everything at a glance; the newest orders."""
    return _page(request, _get(customer_id), ConsentForm())


@needs("customers.edit")
@require_POST
def consent(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Note what the person allowed or withdrew."""
    row, form = _get(customer_id), ConsentForm(request.POST)
    if row.erased_at is not None:
        raise Http404
    if not form.is_valid():
        return _page(request, row, form, status=400)
    told = form.cleaned_data
    made = consents.note(
        row, kind=told["kind"], is_given=told["is_given"] == "1", source=told["source"], wording=told["wording"],
        noted_by=audit.actor_of(request),
    )  # fmt: skip
    audit.record("consent.noted", actor=audit.actor_of(request), subject=made, detail={"kind": made.kind})
    messages.success(request, _("Noted."))
    return redirect("staff:person", row.id)


@needs("customers.privacy")
@anew.asked()
@never_cache
@require_POST
def disclose(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """One file of everything that is stored about the person."""
    row = _get(customer_id)
    packed = disclose_person.archive(row, language=get_language() or "en")
    audit.record("person.disclosed", actor=audit.actor_of(request), subject=row, detail={"bytes": len(packed)})
    answer = HttpResponse(packed, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="person-{row.id}-{clock.business_date()}.zip"'
    return answer


@needs("customers.privacy")
@anew.asked()
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """What an erasure would do and what stays; then the deed."""
    row, form = _get(customer_id), EraseForm(request.POST or None)
    status = 200
    if form.is_valid():
        try:
            made = erase_person.erase(row.id, by=audit.actor_of(request), reason=form.cleaned_data["reason"])
        except erase_person.StillOpen:
            status = 409
        else:
            audit.record("person.erased", actor=audit.actor_of(request), subject=row, detail={"emptied": made.emptied})
            messages.success(request, _("Erased. What the books need stays without a name."))
            return redirect("staff:person", row.id)
    elif form.is_bound:
        status = 400
    told = erase_person.preview(row)
    context = {
        "customer": row, "form": form, "told": told, "place": "staff:desk",
        "emptied": [{"name": _name(label), "count": count} for label, count in told.emptied.items()],
        "kept": [
            {"name": _name(label), "why": personal_data.KEPT.get(label, "")}
            for label in (*told.kept, *told.emptied) if label in personal_data.KEPT
        ],
    }  # fmt: skip
    return render(request, "staff/person_erase.html", frame()[0] | context, status=status)


@needs("customers.privacy")
@require_safe
def register(request: HttpRequest) -> HttpResponse:
    """What is stored about people, where and for how long; and the newest erasures."""
    tables = [
        {
            "name": _name(label), "label": label, "until": personal_data.until(label),
            "person": _fields(label, held.person), "staff": _fields(label, held.staff), "sealed": _fields(label, held.sealed),
        }
        for label, held in sorted(personal_data.REGISTER.items(), key=lambda one: (not one[1].person, not one[1].sealed))
        if held.person or held.staff or held.sealed
    ]  # fmt: skip
    erasures = Erasure.objects.order_by("-at", "-id")[:50]
    context = {"tables": tables, "erasures": erasures, "place": "staff:connections"}
    return render(request, "staff/privacy.html", frame()[0] | context)


def _page(request: HttpRequest, row: Customer, form: ConsentForm, *, status: int = 200) -> HttpResponse:
    orders = list(
        Order.objects.filter(customer=row).select_related("channel").order_by("-placed_at", "-id")[: ORDERS + 1]
    )
    context = {
        "customer": row, "form": form, "orders": orders[:ORDERS], "has_more": len(orders) > ORDERS,
        "addresses": list(row.addresses.order_by("id")[:20]), "standing": list(consents.standing(row).values()),
        "said": list(row.consents.order_by("-at", "-id")[:20]), "place": "staff:desk",
    }  # fmt: skip
    return render(request, "staff/person.html", frame()[0] | context, status=status)


def _get(customer_id: UUID) -> Customer:
    row = Customer.objects.select_related("brand").filter(id=customer_id).first()
    if row is None:
        raise Http404
    return row


def _name(label: str) -> str:
    return str(apps.get_model(label)._meta.verbose_name)


def _fields(label: str, names: str) -> list[Any]:
    model = apps.get_model(label)
    return [getattr(model._meta.get_field(name), "verbose_name", name) for name in names.split()]
