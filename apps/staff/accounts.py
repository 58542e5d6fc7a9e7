"""How people sign in: allauth's flows with our doors. Nobody signs up; an owner makes people in the record room.

A second factor counts only when it was given in this very session: the record `mfa` is written by allauth at sign-in
and by `activate_totp` below at enrolment.
"""

from typing import Any
from uuid import UUID

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.models import Session
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.core import clock, crypto

# allauth gives its encrypt() hook the text alone, neither user nor row, so these secrets are bound to their table only.
_PLACE: dict[str, Any] = {"table": "mfa_authenticator", "row": UUID(int=0), "field": "data"}


class AccountAdapter(DefaultAccountAdapter):
    """allauth's answers about accounts."""

    # One sentence whether the name or the password is wrong; and what to do about it.
    _WRONG = _("Name and password do not go together.")
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _WRONG,
        "email_password_mismatch": _WRONG,
        "too_many_login_attempts": _("Too many attempts. Wait five minutes and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: people are made by an owner."""
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether to ask who it is before somebody touches their account: not in the first minutes after sign-in."""
        records = get_authentication_records(self.request, self.request.user)
        limit = clock.wall().timestamp() - app_settings.REAUTHENTICATION_TIMEOUT
        is_long_ago = all(record.get("at", 0) < limit for record in records)
        return is_long_ago and super().is_reauthentication_required(app=app, **kwargs)


class SecondFactorAdapter(DefaultMFAAdapter):
    """allauth's answers about second factors; their secrets are sealed at rest."""

    def encrypt(self, text: str) -> str:
        return crypto.seal(text.encode(), **_PLACE).hex()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return crypto.unseal(bytes.fromhex(encrypted_text), **_PLACE).decode()
        except (ValueError, crypto.SealBroken) as error:
            raise SuspiciousOperation("a second factor's secret cannot be opened") from error

    def get_totp_issuer(self) -> str:
        return "Kurogo"

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()


class _ActivateTOTP(ActivateTOTPView):
    """Enrolment proves the factor, so this session has given it; without the record it would be asked for at once."""

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        authenticator = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        post_authentication(self.request, authenticator)
        return response


activate_totp = _ActivateTOTP.as_view()


def has_second_factor(user: AbstractBaseUser) -> bool:
    """Whether the person has enrolled one."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def gave_second_factor(request: HttpRequest) -> bool:
    """Whether this session was opened with it."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))


def end_sessions(user: AbstractBaseUser) -> int:
    """Sign a person out everywhere; how many sessions ended. Reads all live sessions: a shop's staff has few."""
    ended = 0
    for session in Session.objects.filter(expire_date__gt=clock.wall()):
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()
            ended += 1
    return ended
