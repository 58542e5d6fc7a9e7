"""People of each role and signed-in browsers, for the tests of the screens."""

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.test import Client

PASSWORD = "five wet umbrellas"


def make_person(name: str, *roles: str, is_enrolled: bool = False) -> User:
    """A person with these roles; `is_enrolled` gives them an authenticator app."""
    person = get_user_model().objects.create_user(name, f"{name}@example.com", PASSWORD)
    groups = Group.objects.filter(name__in=roles)
    assert len(groups) == len(roles)
    person.groups.set(groups)
    if is_enrolled:
        TOTP.activate(person, generate_totp_secret())
    return person


def browser_of(person: User, *, gave_second_factor: bool = True) -> Client:
    """A browser in which the person is signed in, as after the password and, as told, the second factor."""
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(person)
    if gave_second_factor:
        if not Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists():
            TOTP.activate(person, generate_totp_secret())
        session = browser.session
        session["account_authentication_methods_user"] = str(person.pk)
        session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": time.time()}]
        session.save()
    return browser
