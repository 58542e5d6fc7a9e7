"""The door: who gets in, in which language, how often, and for how long."""

import pytest
from django.test import Client


@pytest.mark.django_db
def test_front_door_answers_a_stranger_with_the_sign_in_page():
    response = Client(headers={"accept-language": "en"}).get("/")

    assert response.status_code == 200
    assert "Sign in" in response.content.decode()
