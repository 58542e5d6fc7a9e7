"""Secrets and payloads at rest: Tink AEAD, keyset from the environment, bound to table, row and field.

A ciphertext moved to another row, field or table does not decrypt. Rotation goes in steps (`manage.py rotate_keys`), so
that no program ever meets a ciphertext whose key it does not have: a key is added, then made primary, then everything is
sealed anew, then the old keys are dropped.
"""

import base64
import io
import json
from functools import lru_cache
from typing import Any
from uuid import UUID

import tink
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from tink import aead, cleartext_keyset_handle

aead.register()


class SealBroken(Exception):
    """The ciphertext is not this row's, or was changed, or its key is gone."""


def new_keyset() -> str:
    """A fresh keyset for KUROGO_KEYSET: base64 of Tink's JSON, one AES-256-GCM key."""
    stream = io.StringIO()
    handle = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    cleartext_keyset_handle.write(tink.JsonKeysetWriter(stream), handle)
    return base64.b64encode(stream.getvalue().encode()).decode()


# Tink for Python has no keyset manager; its JSON form is public (primaryKeyId, key[]), so keys join and leave there.


def with_new_key(keyset: str) -> str:
    """The keyset with one more key that opens, but does not seal yet."""
    old, new = _json(keyset), _json(new_keyset())
    return _packed(old | {"key": [*old["key"], new["key"][0]]})


def with_newest_primary(keyset: str) -> str:
    """The keyset with its newest key sealing; the old ones still open what they sealed."""
    old = _json(keyset)
    return _packed(old | {"primaryKeyId": old["key"][-1]["keyId"]})


def with_new_primary(keyset: str) -> str:
    """Both steps at once, for an installation whose programs all start again together."""
    return with_newest_primary(with_new_key(keyset))


def with_primary_alone(keyset: str) -> str:
    """The keyset without its old keys: what they sealed is lost from here on."""
    old = _json(keyset)
    return _packed(old | {"key": [key for key in old["key"] if key["keyId"] == old["primaryKeyId"]]})


def seal(plain: bytes, *, table: str, row: UUID, field: str) -> bytes:
    """Encrypt for exactly one place."""
    return bytes(_primitive(settings.KEYSET).encrypt(plain, _place(table, row, field)))


def unseal(sealed: bytes | memoryview, *, table: str, row: UUID, field: str) -> bytes:
    """Decrypt; raises `SealBroken` for another place's ciphertext."""
    try:
        return bytes(_primitive(settings.KEYSET).decrypt(bytes(sealed), _place(table, row, field)))
    except tink.TinkError as error:
        raise SealBroken(f"{table}.{field} of {row}") from error


def primary_key_id() -> int:
    """The id of the key that seals now."""
    return int(_json(settings.KEYSET)["primaryKeyId"])


def sealed_with(sealed: bytes) -> int:
    """The id of the key that sealed this (Tink's output prefix: one version byte, four bytes of key id)."""
    return int.from_bytes(bytes(sealed)[1:5], "big")


def _packed(keyset: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(keyset).encode()).decode()


def _place(table: str, row: UUID, field: str) -> bytes:
    return f"{table}/{row}/{field}".encode()


def _json(keyset: str) -> dict[str, Any]:
    if not keyset:
        raise ImproperlyConfigured("KUROGO_KEYSET is not set; `manage.py up` makes one and keeps it in the data folder")
    return json.loads(base64.b64decode(keyset))  # type: ignore[no-any-return]


@lru_cache(maxsize=4)
def _primitive(keyset: str) -> aead.Aead:
    handle = cleartext_keyset_handle.read(tink.JsonKeysetReader(json.dumps(_json(keyset))))
    return handle.primitive(aead.Aead)
