"""Addresses of the product; each door keeps its own list."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from apps.staff import entry, watching

urlpatterns = [
    path("", include("apps.staff.urls")),
    path("accounts/", include("apps.staff.account_urls")),
    path("api/", include("apps.api.urls")),
    path("admin/", admin.site.urls),
    path("language/", set_language, name="set_language"),
    path("health/", entry.health, name="health"),
    path("healthz", watching.healthz, name="healthz"),
    path("readyz", watching.readyz, name="readyz"),
    path("metrics", watching.metrics, name="metrics"),
]
