"""People and roles in the record room: written down, signed out, and never without an owner."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from apps.core.models import AuditEntry
from tests.staff.people import browser_of, make_person

SignIn = Callable[[str], Client]


def _address(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.django_db
def test_what_people_do_to_people_is_written_down(browser_as: SignIn):
    make_person("other", "owner")
    wako = make_person("wako", "warehouse")
    form = {"username": "wako", "email": "w@example.com", "first_name": "", "last_name": "", "is_active": "on"}
    form["groups"] = str(Group.objects.get(name="staff").pk)

    browser_as("owner").post(_address(User, "change", wako.pk), form)

    entry = AuditEntry.objects.get(action="person.changed")
    assert (entry.actor, entry.subject, entry.detail) == (
        "owner",
        str(wako.pk),
        {"roles": ["staff"], "is_active": True},
    )


@pytest.mark.django_db
def test_a_person_switched_off_is_signed_out(browser_as: SignIn):
    wako = make_person("wako", "warehouse")
    browser = browser_of(wako, gave_second_factor=False)
    form = {"username": "wako", "email": "", "first_name": "", "last_name": ""}
    form["groups"] = str(Group.objects.get(name="warehouse").pk)

    browser_as("owner").post(_address(User, "change", wako.pk), form)

    assert not User.objects.get(pk=wako.pk).is_active
    assert browser.get(reverse("mfa_index")).status_code == 302


@pytest.mark.django_db
def test_the_last_owner_stays_an_owner(browser_as: SignIn):
    owner = browser_as("owner")
    person = User.objects.get(username="owner")
    form = {"username": "owner", "email": "", "first_name": "", "last_name": "", "is_active": "on"}
    form["groups"] = str(Group.objects.get(name="staff").pk)

    refused = owner.post(_address(User, "change", person.pk), form)

    assert refused.status_code == 200
    assert [group.name for group in person.groups.all()] == ["owner"]


@pytest.mark.django_db
def test_a_lost_phone_is_forgotten_by_an_owner_and_by_nobody_else(browser_as: SignIn):
    wako = make_person("wako", "warehouse", is_enrolled=True)
    address = reverse("admin:auth_user_forget_second_factor", args=[wako.pk])

    refused = browser_as("accountant").post(address).status_code
    kept = wako.authenticator_set.count()
    browser_as("owner").post(address)

    assert (refused, kept, wako.authenticator_set.count()) == (403, 1, 0)


@pytest.mark.django_db
def test_the_five_roles_are_not_edited_but_own_groups_are(browser_as: SignIn):
    night = Group.objects.create(name="night shift")
    ship = Permission.objects.get(content_type__app_label="staff", codename="orders.ship")
    owner = browser_as("owner")

    fixed = owner.post(_address(Group, "change", Group.objects.get(name="staff").pk), {"name": "x"}).status_code
    owner.post(_address(Group, "change", night.pk), {"name": "night shift", "permissions": str(ship.pk)})

    assert fixed == 403
    assert list(night.permissions.all()) == [ship]
