"""The form of a connection, made from its connector's typed settings; nothing is written here when a connector is added.

A secret is write-only: what is stored is never rendered, an empty field keeps it. It belongs to the host it was given for,
so a form that changes the host must bring every secret again.
"""

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec
from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core import net
from apps.hub import connections, registry
from apps.hub.models import Connection

SETTING, SECRET = "setting_", "secret_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Widgets:
    """How fields look: the staff UI's own by default, the record room brings its theme's."""

    text: type[forms.Widget] = forms.TextInput
    integer: type[forms.Widget] = forms.NumberInput
    password: type[forms.Widget] = forms.PasswordInput
    choice: type[forms.Widget] = forms.Select
    area: type[forms.Widget] = forms.Textarea
    switch: type[forms.Widget] = forms.CheckboxInput


PLAIN = Widgets()


class ConnectionForm(forms.ModelForm):
    """Brand, name and patience; `form_for` adds the connector's own fields."""

    manifest: ClassVar[registry.Manifest]

    class Meta:
        model = Connection
        fields = ("brand", "name", "silent_after_hours")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in (self.instance.settings or {}).items():
            if SETTING + name in self.fields:
                self.initial[SETTING + name] = value
        if self.instance._state.adding:
            self.kept = {}
        else:
            self.kept = {row.name: row for row in self.instance.credentials.all()}
        for name, row in self.kept.items():
            if SECRET + name in self.fields:
                self.fields[SECRET + name].help_text = _given(row)

    @property
    def plain(self) -> dict[str, Any]:
        """The settings as they are to be kept, without secrets; enum members as their values."""
        told = {
            name.removeprefix(SETTING): value for name, value in self.cleaned_data.items() if name.startswith(SETTING)
        }
        return {name: value for name, value in told.items() if value is not None}

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets that were typed now."""
        return {
            name.removeprefix(SECRET): value
            for name, value in self.cleaned_data.items()
            if name.startswith(SECRET) and value
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if self._moves_house():
            for name in self.kept:
                if SECRET + name in self.fields and not cleaned.get(SECRET + name):
                    self.add_error(SECRET + name, _("The address changed. Give this again for the new one."))
        try:
            connections.check(self.manifest.slug, self.plain)
        except connections.SettingsRefused as refused:
            self.add_error(None, ValidationError(_words_for(refused)))
        return cleaned

    def _moves_house(self) -> bool:
        if not self.kept:
            return False
        told, before = self.plain, self.instance.settings
        return any(_host(before.get(field)) != _host(told.get(field)) for field in self.manifest.hosts)


def form_for(manifest: registry.Manifest, widgets: Widgets = PLAIN) -> type[ConnectionForm]:
    """The form class of one connector."""
    fields: dict[str, Any] = {"manifest": manifest}
    for spec in msgspec.structs.fields(manifest.settings):
        if spec.name in manifest.secrets:
            fields[SECRET + spec.name] = forms.CharField(
                label=_label(spec), required=False, strip=True,
                widget=widgets.password(attrs={"autocomplete": "new-password"}),
            )  # fmt: skip
        else:
            fields[SETTING + spec.name] = _field(spec, widgets)
    return type(f"{manifest.slug.title()}Form", (ConnectionForm,), fields)


def field_names(manifest: registry.Manifest) -> tuple[list[str], list[str]]:
    """Names of the form's plain and secret fields, in the order of the settings."""
    names = [spec.name for spec in msgspec.structs.fields(manifest.settings)]
    return (
        [SETTING + name for name in names if name not in manifest.secrets],
        [SECRET + name for name in names if name in manifest.secrets],
    )


def _field(spec: msgspec.structs.FieldInfo, widgets: Widgets) -> forms.Field:
    kind = msgspec.inspect.type_info(spec.type)
    while isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    common = {"label": _label(spec), "help_text": _help(spec), "initial": None if spec.required else _default(spec)}
    match kind:
        case msgspec.inspect.BoolType():
            return forms.BooleanField(required=False, widget=widgets.switch, **common)
        case msgspec.inspect.IntType():
            return forms.IntegerField(
                required=spec.required,
                min_value=kind.ge,
                max_value=kind.le,
                widget=widgets.integer,
                **common,
            )
        case msgspec.inspect.EnumType():
            return _choice(spec, [member.value for member in kind.cls], common, widgets)
        case msgspec.inspect.LiteralType():
            return _choice(spec, list(kind.values), common, widgets)
        case msgspec.inspect.StrType():
            return forms.CharField(required=spec.required, widget=widgets.text, **common)
        case _:
            plain = msgspec.to_builtins(_default(spec))
            return _JSON(required=False, widget=widgets.area, empty_value=plain, **common | {"initial": plain})


class _JSON(forms.JSONField):
    """Structures that have no field of their own; an empty text is the setting's default."""

    def __init__(self, *, empty_value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.empty_value = empty_value

    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        return self.empty_value if found is None else found


def _choice(
    spec: msgspec.structs.FieldInfo, values: list[Any], common: dict[str, Any], widgets: Widgets
) -> forms.ChoiceField:
    common["initial"] = getattr(common["initial"], "value", common["initial"])
    choices = [(value, gettext(str(value)) or "–") for value in values]
    return forms.ChoiceField(required=spec.required, choices=choices, widget=widgets.choice, **common)


def _label(spec: msgspec.structs.FieldInfo) -> str:
    """The field's title where the settings say one, else its name in words; translated where the catalogue knows it."""
    title = getattr(_meta(spec), "title", None)
    return gettext(title) if title else label_of(spec.name)


def label_of(name: str) -> str:
    """A setting's name in words, in the reader's language where the catalogue knows it."""
    return gettext(capfirst(name.replace("_", " ")).replace("Api ", "API "))


def _help(spec: msgspec.structs.FieldInfo) -> str:
    told = getattr(_meta(spec), "description", None)
    return gettext(told) if told else ""


def _meta(spec: msgspec.structs.FieldInfo) -> msgspec.Meta | None:
    return next((part for part in getattr(spec.type, "__metadata__", ()) if isinstance(part, msgspec.Meta)), None)


def _default(spec: msgspec.structs.FieldInfo) -> Any:
    if spec.default_factory is not msgspec.NODEFAULT:
        return spec.default_factory()
    return None if spec.default is msgspec.NODEFAULT else spec.default


def _words_for(refused: connections.SettingsRefused) -> str:
    """The reason in the reader's language, and as the guard said it."""
    if isinstance(refused.__cause__, net.AddressRefused):
        words = _(
            "This address lies inside your own network or is reserved; only the operator can allow it. (%(reason)s)"
        )
    else:
        words = _("The settings do not fit. (%(reason)s)")
    return words % {"reason": refused}


def _host(value: Any) -> str:
    return urlsplit(str(value or "")).netloc or str(value or "")


def _given(row: Any) -> str:
    hint = f"•••{row.hint}" if row.hint else "•••"
    words = _("Kept: %(hint)s, given on %(day)s for %(host)s. Leave empty to keep it.")
    return words % {"hint": hint, "day": f"{row.set_at:%Y-%m-%d}", "host": row.host or "–"}
