"""Addresses of the staff UI. Every one of them has a row in tests/staff/test_roles.py."""

from django.urls import path

from apps.staff import entry

app_name = "staff"
urlpatterns = [
    path("", entry.home, name="home"),
]
