"""The few addresses that are open to everybody: the front door and the health check."""

from allauth.account.views import login
from django.contrib.auth import get_user_model
from django.db import connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.staff import pages, roles
from apps.staff.setup import steps


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """The sign-in page for a stranger, the first page of their work for everybody else."""
    if not request.user.is_authenticated:
        if not get_user_model().objects.exists():
            return redirect("staff:setup_owner")
        return login(request)
    if roles.may(request.user, "settings.manage") and steps.lacks_anything_needed():
        return redirect("staff:setup")
    return redirect(pages.first_for(request.user))


@never_cache
@require_safe
def health(_request: HttpRequest) -> HttpResponseBase:
    """200 while the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"ok": True})
