"""The forms of moving in. What a field does not take says why beside it, and nothing that was typed is lost."""

from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from babel.numbers import get_territory_currencies
from django import forms
from django.contrib.auth import get_user_model, password_validation
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.core import place, registration
from apps.core.models import Brand, Company
from apps.core.money import Rounding
from apps.inventory.models import Location

# Countries and zones that most readers look for; every other one follows.
_FIRST_COUNTRIES = ("JP", "US", "GB", "DE", "FR", "TW", "KR", "SG", "AU", "CA")
_FIRST_ZONES = ("Asia/Tokyo", "Asia/Taipei", "Asia/Seoul", "Asia/Singapore", "Europe/London", "Europe/Berlin")


def _locale() -> Locale:
    return Locale.parse((get_language() or "en").replace("-", "_"))


def countries() -> list[tuple[str, str]]:
    """Code and name in the reader's language, the likely ones first."""
    names = {code: name for code, name in _locale().territories.items() if len(code) == 2 and code.isalpha()}
    names = {code: name for code, name in names.items() if get_territory_currencies(code)}
    rest = sorted((code for code in names if code not in _FIRST_COUNTRIES), key=lambda code: names[code])
    return [(code, names[code]) for code in (*_FIRST_COUNTRIES, *rest)]


def currencies() -> list[tuple[str, str]]:
    """ISO codes in use with their names."""
    in_use = {code for country, _name in countries() for code in get_territory_currencies(country)}
    names = _locale().currencies
    first = ("JPY", "USD", "EUR", "GBP")
    return [(code, f"{code} {names.get(code, '')}") for code in (*first, *sorted(in_use - set(first)))]


def zones() -> list[tuple[str, str]]:
    """Names of time zones, the likely ones first."""
    rest = sorted(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix", "right"))
    )
    return [(name, name.replace("_", " ")) for name in (*_FIRST_ZONES, *(n for n in rest if n not in _FIRST_ZONES))]


class OwnerForm(forms.Form):
    """The first person: an owner."""

    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password1 = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least 12 characters. Several words are good."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=_("Password once more"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean_username(self) -> str:
        name = self.cleaned_data["username"]
        get_user_model().username_validator(name)
        return name

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        first, second = told.get("password1"), told.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("These are two different passwords."))
        elif first:
            person = get_user_model()(username=told.get("username", ""), email=told.get("email", ""))
            try:
                password_validation.validate_password(first, person)
            except ValidationError as refused:
                self.add_error("password1", refused)
        return told

    def save(self) -> Any:
        """The owner's account."""
        told = self.cleaned_data
        with transaction.atomic():
            person = get_user_model().objects.create_user(told["username"], told["email"], told["password1"])
            person.groups.add(Group.objects.get(name="owner"))
        return person


class CompanyForm(forms.ModelForm):
    """The business. Country and zone cannot be changed any more once days are counted by them."""

    country = forms.ChoiceField(label=_("Country"), help_text=_("Its tax rates apply where a channel names none."))
    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("The shop's days begin and end by it. It cannot be changed later.")
    )
    currency = forms.ChoiceField(label=_("Home currency"))

    field_order = (
        "name",
        "country",
        "time_zone",
        "currency",
        "registration_number",
        "address",
        "phone",
        "order_prefix",
    )

    class Meta:
        model = Company
        fields = ("name", "currency", "registration_number", "address", "phone", "order_prefix")
        help_texts = {"order_prefix": _("Your own order numbers begin with it, such as KG-1001.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs |= {"autofocus": True, "autocomplete": "organization"}
        self.fields["country"].choices = countries()
        self.fields["time_zone"].choices = zones()
        self.fields["currency"].choices = currencies()
        self.fields["address"].widget = forms.Textarea(attrs={"rows": 2, "autocomplete": "street-address"})
        number = self.fields["registration_number"]
        number.max_length, number.validators = None, []
        number.widget.attrs.pop("maxlength", None)
        number.help_text = _(
            "The letter T and thirteen digits, as on your qualified invoices. Empty where you have none."
        )
        for name, value in (("country", place.country()), ("time_zone", place.time_zone())):
            self.initial[name] = getattr(self.instance, name) or value
        if self.instance.time_zone:
            for name in ("country", "time_zone"):
                self.fields[name].disabled = True

    def clean_registration_number(self) -> str:
        number = registration.tidy(self.cleaned_data["registration_number"])
        if number:
            registration.check(number)
        return number


class BrandForm(forms.ModelForm):
    """A name under which the company sells."""

    class Meta:
        model = Brand
        fields = ("name", "code", "locale", "mail_from")
        widgets = {"locale": forms.Select(choices=[("ja", "日本語"), ("en", "English")])}
        help_texts = {
            "code": _("Short, in small letters; files and rules use it."),
            "mail_from": _("Customers see it as the sender of order mails. It may wait."),
        }


class LocationForm(forms.ModelForm):
    """A place where goods lie, with the sender's address for labels."""

    sender = forms.CharField(label=_("Sender's name on labels"), max_length=60)
    postal_code = forms.CharField(
        label=_("Postal code"), max_length=12, widget=forms.TextInput(attrs={"autocomplete": "postal-code"})
    )
    region = forms.CharField(label=_("Prefecture or state"), max_length=40, required=False)
    city = forms.CharField(label=_("City"), max_length=60)
    line1 = forms.CharField(label=_("Street and number"), max_length=80)
    line2 = forms.CharField(label=_("Building, floor"), max_length=80, required=False)
    phone = forms.CharField(
        label=_("Phone"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"})
    )
    _PARTS = ("postal_code", "region", "city", "line1", "line2", "phone")

    class Meta:
        model = Location
        fields = ("name", "code")
        help_texts = {"code": _("Short, such as WH1; shelves and files use it.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.instance.ship_from or {}
        self.initial |= {name: kept.get(name, "") for name in self._PARTS} | {"sender": kept.get("name", "")}

    def save(self, commit: bool = True) -> Location:
        told = self.cleaned_data
        self.instance.ship_from = {name: told[name] for name in self._PARTS if told[name]} | {
            "name": told["sender"], "country": place.country(),
        }  # fmt: skip
        if self.instance._state.adding:
            self.instance.is_default = not Location.objects.filter(is_default=True).exists()
        return super().save(commit)


class TaxForm(forms.ModelForm):
    """How tax is rounded; the rates stand beside it."""

    rounding = forms.ChoiceField(
        label=_("Fractions of the smallest unit"), widget=forms.RadioSelect,
        choices=[
            (Rounding.DOWN, _("are dropped (usual in Japan)")),
            (Rounding.HALF_UP, _("are rounded half up")),
            (Rounding.UP, _("are rounded up")),
        ],
        help_text=_("Rounded once for each rate of a document."),
    )  # fmt: skip

    class Meta:
        model = Company
        fields = ("rounding",)
