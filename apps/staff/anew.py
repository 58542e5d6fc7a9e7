"""Who it is, asked once more before a secret is made or shown, money or data leave, or a person is erased.

Not in the first minutes after sign-in, and not in a demo that answers on its own machine only.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

View = Callable[..., HttpResponseBase]
SAFE = frozenset({"GET", "HEAD"})


def asked(*, also_to_read: bool = False) -> Callable[[View], View]:
    """Guard what a view does; `also_to_read`: a GET of it, too, because it is a file that leaves.

    What was typed is not kept meanwhile: it may be a secret. The person comes back to the page and presses once more.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            is_reading = request.method in SAFE
            if (
                (is_reading and not also_to_read)
                or settings.IS_DEMO
                or not is_reauthentication_required(request, app="staff")
            ):
                return view(request, *args, **kwargs)
            if not is_reading:
                messages.info(request, _("Nothing was done yet. Press once more."))
            back = request.get_full_path() if is_reading else _page_of(request)
            return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}")

        return guarded

    return guard


def _page_of(request: HttpRequest) -> str:
    """The page whose button was pressed; the first page where the browser does not say."""
    parts = urlsplit(request.headers.get("Referer", ""))
    return f"{parts.path}?{parts.query}" if parts.netloc == request.get_host() and parts.path else "/"
