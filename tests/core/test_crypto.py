"""Sealed for one place: another row, field or table does not open it; a rotation keeps old and new readable."""

from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.core import crypto
from apps.core.crypto import SealBroken

ROW = uuid4()
PLACE = {"table": "hub_credential", "row": ROW, "field": "sealed"}


@pytest.fixture(autouse=True)
def _keyset(settings):
    settings.KEYSET = crypto.new_keyset()


def test_what_was_sealed_opens_in_its_place():
    sealed = crypto.seal(b"shpat_canary", **PLACE)

    assert crypto.unseal(sealed, **PLACE) == b"shpat_canary"
    assert b"canary" not in sealed


def test_the_same_secret_never_looks_the_same():
    assert crypto.seal(b"secret", **PLACE) != crypto.seal(b"secret", **PLACE)


@pytest.mark.parametrize("change", [{"row": uuid4()}, {"table": "hub_delivery"}, {"field": "other"}])
def test_moved_to_another_place_it_does_not_open(change):
    sealed = crypto.seal(b"secret", **PLACE)

    with pytest.raises(SealBroken):
        crypto.unseal(sealed, **(PLACE | change))


def test_a_changed_byte_is_noticed():
    sealed = bytearray(crypto.seal(b"secret", **PLACE))
    sealed[-1] ^= 1

    with pytest.raises(SealBroken):
        crypto.unseal(bytes(sealed), **PLACE)


def test_rotation_reads_the_old_and_seals_with_the_new(settings):
    old, old_id = crypto.seal(b"secret", **PLACE), crypto.primary_key_id()

    settings.KEYSET = crypto.with_new_primary(settings.KEYSET)
    new = crypto.seal(b"secret", **PLACE)

    assert crypto.unseal(old, **PLACE) == crypto.unseal(new, **PLACE) == b"secret"
    assert (crypto.sealed_with(old), crypto.sealed_with(new)) == (old_id, crypto.primary_key_id())
    assert crypto.primary_key_id() != old_id


def test_another_installations_key_opens_nothing(settings):
    sealed = crypto.seal(b"secret", **PLACE)

    settings.KEYSET = crypto.new_keyset()

    with pytest.raises(SealBroken):
        crypto.unseal(sealed, **PLACE)


def test_a_missing_keyset_is_said_in_one_sentence(settings):
    settings.KEYSET = ""

    with pytest.raises(ImproperlyConfigured, match="KUROGO_KEYSET is not set"):
        crypto.seal(b"secret", **PLACE)
