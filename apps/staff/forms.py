"""The forms of sign-in: allauth's, without words inside the fields (a placeholder vanishes when it is needed)."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ReauthenticateForm
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as SecondFactorForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django.utils.translation import gettext_lazy as _


class _Plain:
    """Labels and hints stand in the template, beside the field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # type: ignore[attr-defined]
            field.widget.attrs.pop("placeholder", None)
            field.help_text = ""


class Login(_Plain, LoginForm):
    """Name or e-mail address, and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "autocapitalize": "none"}


class Reauthenticate(_Plain, ReauthenticateForm):
    """The password once more."""


class ChangePassword(_Plain, ChangePasswordForm):
    """Old password, new password twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = _("At least 12 characters. Several words are good.")


class _Code(_Plain):
    """Six digits; a recovery code has eight."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "autofocus": True}  # type: ignore[attr-defined]


class Authenticate(_Code, AuthenticateForm):
    """The second factor at sign-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].help_text = _("No phone at hand? A recovery code works here, once.")


class ReauthenticateBySecondFactor(_Code, SecondFactorForm):
    """The second factor once more."""


class ActivateTOTP(_Code, ActivateTOTPForm):
    """The first code of a new authenticator app."""
