"""People and their roles. A person is switched off, never deleted, and a person switched off is signed out at once."""

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.core import audit
from apps.staff import accounts, roles
from apps.staff.admin.rooms import Room

OWNER = "owner"


class _PersonForm(UserChangeForm):
    """There is always somebody left who can open every door."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        groups = cleaned.get("groups")
        stays = cleaned.get("is_active") and groups is not None and any(group.name == OWNER for group in groups)
        if not stays and not self.instance.is_superuser and is_last_owner(self.instance):
            raise ValidationError(_("This is the last owner. Make somebody else an owner first."))
        return cleaned


class PersonRoom(Room, UserAdmin):
    form, add_form, change_password_form = _PersonForm, UserCreationForm, AdminPasswordChangeForm
    is_newest_first = False
    list_display = ("username", "full_name", "email", "roles", "second_factor", "is_active", "last_login")
    list_filter = ()
    search_fields = ("username__exact", "email__exact")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined", "second_factor", "forget_second_factor")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("last_name", "first_name", "email")}),
        (_("Rights"), {"fields": ("is_active", "groups")}),
        (_("Sign-in"), {"fields": ("second_factor", "forget_second_factor", "last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups", "authenticator_set")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.label = _("roles")
            field.widget = forms.CheckboxSelectMultiple(choices=field.widget.choices)
            field.label_from_instance = role_words
        return field

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and not obj.is_active:
            accounts.end_sessions(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        person = form.instance
        held = sorted(person.groups.values_list("name", flat=True))
        _note(request, "person.changed" if change else "person.created", person, roles=held, is_active=person.is_active)

    def get_urls(self) -> list[Any]:
        forget = path(
            "<int:person_id>/forget-second-factor/",
            self.admin_site.admin_view(require_POST(self.forget)),
            name="auth_user_forget_second_factor",
        )
        return [forget, *super().get_urls()]

    def forget(self, request: HttpRequest, person_id: int) -> HttpResponse:
        """The phone is lost: the person sets up a new factor at their next sign-in."""
        person = get_object_or_404(User, pk=person_id)
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        Authenticator.objects.filter(user=person).delete()
        accounts.end_sessions(person)
        _note(request, "second_factor.forgotten", person)
        messages.info(request, gettext("The second factor is forgotten and the person signed out."))
        return redirect(reverse("admin:auth_user_change", args=[person.pk]))

    @admin.display(description=_("name"))
    def full_name(self, person: User) -> str:
        return person.get_full_name() or "–"

    @admin.display(description=_("roles"))
    def roles(self, person: User) -> str:
        return ", ".join(role_words(group) for group in person.groups.all()) or "–"

    @admin.display(description=_("second factor"), boolean=True)
    def second_factor(self, person: User) -> bool:
        return any(factor.type == Authenticator.Type.TOTP for factor in person.authenticator_set.all())

    @admin.display(description=_("phone lost"))
    def forget_second_factor(self, person: User) -> str:
        if not person.pk or not self.second_factor(person):
            return "–"
        # The change form's own <form> stands around this, so the button names another address for the same token.
        return format_html(
            '<button type="submit" formaction="{}" formnovalidate class="cursor-pointer text-primary-600">{}</button>',
            reverse("admin:auth_user_forget_second_factor", args=[person.pk]),
            gettext("Forget the second factor"),
        )


class RoleRoom(Room):
    """The five roles are a table in the code and shown as they are; a merchant may add groups of their own."""

    is_newest_first = False
    list_display = ("words", "people")

    readonly_fields = ("words", "what")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("words", "what") if obj and not self.has_change_permission(request, obj) else ("name", "permissions")

    @admin.display(description=_("abilities"))
    def what(self, group: Group) -> str:
        held = set(group.permissions.filter(content_type__app_label="staff").values_list("codename", flat=True))
        return format_html_join(
            "", "<div>{}</div>", ((words,) for word, words in roles.ABILITIES.items() if word in held)
        )

    @admin.display(description=_("role"))
    def words(self, group: Group) -> str:
        return role_words(group)

    @admin.display(description=_("people"))
    def people(self, group: Group) -> str:
        return ", ".join(person.get_username() for person in group.user_set.all()) or "–"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("user_set")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.name not in roles.BY_NAME)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (
            request.user.has_perm("auth.delete_group")
            and obj is not None
            and obj.name not in roles.BY_NAME
        )  # fmt: skip

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "permissions":
            kwargs["queryset"] = Permission.objects.filter(content_type__app_label="staff").order_by("codename")
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "permissions":
            field.widget = forms.CheckboxSelectMultiple(choices=field.widget.choices)
            field.label_from_instance = lambda permission: str(roles.ABILITIES.get(permission.codename, permission))
        return field

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        held = sorted(form.instance.permissions.values_list("codename", flat=True))
        _note(request, "role.changed" if change else "role.created", form.instance, abilities=held)


def role_words(group: Group) -> str:
    """A role's name in the reader's language."""
    role = roles.BY_NAME.get(group.name)
    return str(role.label) if role else group.name


def is_last_owner(person: User) -> bool:
    """Whether nobody else could still open every door."""
    owners = User.objects.filter(is_active=True, groups__name=OWNER)
    return owners.filter(pk=person.pk).exists() and not owners.exclude(pk=person.pk).exists()


def _note(request: HttpRequest, action: str, subject: Any, **detail: Any) -> None:
    address = request.META.get("REMOTE_ADDR")
    audit.record(action, actor=audit.actor_of(request), subject=subject, detail=detail, address=address)


# Django registers both with its own looks.
admin.site.unregister([User, Group])
admin.site.register(User, PersonRoom)
admin.site.register(Group, RoleRoom)
