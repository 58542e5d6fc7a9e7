"""Every label in the reader's language, also of fields and apps that were given no words of their own.

A field without a verbose_name is called after its attribute; that English name is looked up in the catalogue like any other
string. tests/staff/test_locale.py asks for a translation of each one that the record room shows.
"""

from django.apps import apps
from django.utils.translation import gettext_lazy

_ = gettext_lazy

AREAS = {
    "core": _("Company"),
    "hub": _("Connections"),
    "ledger": _("Books"),
    "catalog": _("Catalogue"),
    "customers": _("Customers"),
    "inventory": _("Stock"),
    "orders": _("Orders"),
    "payments": _("Payments"),
    "shipping": _("Shipments"),
    "channels": _("Channels"),
    "messaging": _("Messages"),
    "reconciliation": _("Nightly reconciliation"),
}


def speak() -> None:
    """Make default labels translatable. Called once, when the models are there."""
    for name, words in AREAS.items():
        apps.get_app_config(name).verbose_name = words
        for model in apps.get_app_config(name).get_models():
            meta = model._meta
            if "verbose_name" not in meta.original_attrs:
                meta.verbose_name, meta.verbose_name_plural = (
                    gettext_lazy(meta.verbose_name),
                    gettext_lazy(f"{meta.verbose_name}s"),
                )
            for field in meta.local_fields:
                if field._verbose_name is None and not field.auto_created:
                    field.verbose_name = gettext_lazy(field.verbose_name)
