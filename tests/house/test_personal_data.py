"""Every field of every table is classed in the register of personal data; a new one that nobody classed fails here."""

import pytest
from django.apps import apps
from django.db import models
from django.utils import translation

from apps.flows import personal_data
from apps.flows.personal_data import REGISTER

TABLES = {model._meta.label_lower: model for model in personal_data.tables()}


def unclassed(model: type[models.Model], names: list[str]) -> tuple[list[str], list[str]]:
    """Fields of a table that nobody classed, and classed ones that are none."""
    fields = personal_data.fields_of(model)
    return [name for name in fields if name not in names], [name for name in names if name not in fields]


def test_every_table_has_its_line_and_no_line_has_lost_its_table():
    assert (sorted(set(TABLES) - set(REGISTER)), sorted(set(REGISTER) - set(TABLES))) == ([], [])


@pytest.mark.parametrize("label", sorted(REGISTER))
def test_every_field_is_classed_once(label):
    names = REGISTER[label].names
    assert unclassed(TABLES[label], names) == ([], [])
    assert len(names) == len(set(names))


def test_a_new_field_would_be_noticed():
    names = REGISTER["customers.customer"].names
    assert unclassed(TABLES["customers.customer"], [name for name in names if name != "kana"]) == (["kana"], [])


@pytest.mark.parametrize("label", sorted(label for label, held in REGISTER.items() if held.erased))
def test_what_an_erasure_empties_is_about_a_person_and_can_be_empty(label):
    held = REGISTER[label]
    names = held.person.split() if held.erased == "emptied" else held.erased.split()
    assert (set(names) <= set(held.person.split()), bool(held.path)) == (True, True)
    kinds = {type(TABLES[label]._meta.get_field(name)) for name in names}
    assert kinds <= {models.CharField, models.TextField}
    assert not getattr(TABLES[label], "append_only", False)


def test_what_stays_of_a_person_says_why():
    """A table that is about a customer is emptied whole, or the page says why something of it stays."""
    stays = {
        label
        for label, held in REGISTER.items()
        if held.path and held.erased != "emptied" and set(held.person.split()) - set(held.erased.split())
    }
    assert sorted(stays - set(personal_data.KEPT)) == []
    assert sorted(set(personal_data.KEPT) - set(REGISTER)) == []


def test_a_sealed_body_has_its_end():
    endless = {"hub.credential", "hub.wayin", "core.sealingkey"}  # secrets, not bodies
    with translation.override("en"):
        ends = {label for label, held in REGISTER.items() if held.sealed and "days" in personal_data.until(label)}
    assert {label for label, held in REGISTER.items() if held.sealed} - ends == endless


def test_histories_of_people_are_known():
    assert [one._meta.label_lower for one in personal_data.histories(apps.get_model("customers.customer"))] == [
        "customers.customerevent"
    ]
