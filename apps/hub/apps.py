"""The plumbing between Kurogo and the outside world."""

from django.apps import AppConfig


class HubConfig(AppConfig):
    name = "apps.hub"
    label = "hub"
