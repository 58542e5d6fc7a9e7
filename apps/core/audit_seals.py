"""The audit trail sealed: new entries are hashed in order onto what was sealed before, and each head is signed.

An edit, a deletion, a swap, a row put in behind the newest seal, or a cut of the tail breaks the chain or the head that is kept
outside the database, and `verify` names it (I17). What a row says before it is first sealed, within a minute, no seal can prove;
nor that a row which the application could have written itself was written by it.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection as database
from django.db import transaction

from apps.core import crypto
from apps.core.ids import floor, uuid7
from apps.core.models import AuditEntry, AuditSeal, SealingKey

log = structlog.get_logger()

MOST = 5000
# How late a transaction may commit what it wrote down and still be sealed.
WINDOW = timedelta(days=1)
BEGINNING = bytes(32)
_TABLE = "core_sealingkey"
_FIELDS = ("id", "at", "actor", "action", "kind", "subject", "detail", "address")
_UNSEALED = """
SELECT entry.id FROM core_auditentry AS entry WHERE entry.id >= %s AND NOT EXISTS (
    SELECT 1 FROM (SELECT unnest(entries) AS id FROM core_auditseal WHERE at >= %s) AS sealed WHERE sealed.id = entry.id
) ORDER BY entry.id LIMIT %s
"""
_NEVER = """
SELECT entry.id FROM core_auditentry AS entry
LEFT JOIN (SELECT unnest(entries) AS id FROM core_auditseal) AS sealed ON sealed.id = entry.id
WHERE sealed.id IS NULL AND entry.id < %s ORDER BY entry.id
"""
# A row that was written so long before the newest seal has been passed over, or was put there afterwards.
PASSED = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest seal, as it is kept outside."""

    number: int
    digest: str


def seal_new() -> int:
    """Seal what is new; returns how many entries. One at a time: the caller holds the job's lease, and numbers are unique."""
    with transaction.atomic():
        last = AuditSeal.objects.order_by("-number").first()
        since = last.at - WINDOW if last else datetime.fromtimestamp(0, tz=UTC)
        with database.cursor() as cursor:
            cursor.execute(_UNSEALED, [floor(since), since, MOST])
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return 0
        number = last.number + 1 if last else 1
        digest = _digest(bytes(last.digest) if last else BEGINNING, _canonical(ids))
        row, private = _signing_key()
        AuditSeal.objects.create(
            id=uuid7(),
            number=number,
            entries=ids,
            digest=digest,
            signature=private.sign(_signed(number, digest)),
            key=row,
        )
    keep_outside(Head(number, digest.hex()))
    log.info("audit.sealed", number=number, digest=digest.hex(), entries=len(ids))
    return len(ids)


def keep_outside(head: Head) -> None:
    """Write the head where KUROGO_AUDIT_HEAD says, whole or not at all."""
    if not settings.AUDIT_HEAD:
        return
    path = Path(settings.AUDIT_HEAD)
    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.write_text(json.dumps({"number": head.number, "digest": head.digest}))
        os.replace(fresh, path)
    except OSError as error:  # the trail is sealed all the same; that nobody outside knows its head has to be seen
        log.warning("audit.head_not_kept", path=str(path), error=str(error))


def kept_outside() -> Head | None:
    """The head as it was kept; None where none is kept, or what lies there is none."""
    if settings.AUDIT_HEAD:
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(Path(settings.AUDIT_HEAD).read_text())
            return Head(int(told["number"]), str(told["digest"]))
    return None


def count() -> int:
    """How many entries are sealed."""
    return sum(len(entries) for entries in AuditSeal.objects.values_list("entries", flat=True).iterator())


def faults() -> Iterator[str]:
    """Everything that is not as it was sealed, in words; nothing where the trail is whole."""
    digest, number = BEGINNING, 0
    digests: dict[int, str] = {}
    keys = {row.id: _opened(row) for row in SealingKey.objects.all()}
    newest: datetime | None = None
    for seal in AuditSeal.objects.order_by("number").iterator():
        if seal.number != number + 1:
            yield f"seals {number + 1} to {seal.number - 1} are gone"
        number, newest = seal.number, seal.at
        told = _canonical(seal.entries)
        missing = [id_ for id_, said in zip(seal.entries, told, strict=True) if said is None]
        if missing:
            yield f"{len(missing)} entries of seal {number} are gone, the first {missing[0]}"
        digest = _digest(digest, told)
        if digest != bytes(seal.digest):
            yield f"seal {number}: its entries are not what was sealed"
            digest = bytes(seal.digest)  # what comes after is judged by itself
        if not _is_signed(keys.get(seal.key_id), seal):
            yield f"seal {number} is not signed by this installation"
        digests[number] = bytes(seal.digest).hex()
    if newest is not None:
        with database.cursor() as cursor:
            cursor.execute(_NEVER, [floor(newest - PASSED)])
            for (id_,) in cursor.fetchall():
                yield f"entry {id_} was never sealed"
    head = kept_outside()
    if head is not None and digests.get(head.number) != head.digest:
        yield f"the head kept outside, seal {head.number}, is not in the trail"
    if keys and not digests:
        yield "every seal is gone"


def _canonical(ids: Sequence[UUID]) -> list[bytes | None]:
    """The entries as they are hashed, in the order of the ids; None for one that is not there."""
    rows = {row[0]: row for row in AuditEntry.objects.filter(id__in=ids).values_list(*_FIELDS)}
    return [_said(rows[id_]) if id_ in rows else None for id_ in ids]


def _said(row: tuple[Any, ...]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS | orjson.OPT_NAIVE_UTC)


def _digest(before: bytes, told: Sequence[bytes | None]) -> bytes:
    """SHA-256 over the digest before and each entry with its length, so that no two lists look alike."""
    sum_ = hashlib.sha256(before)
    for said in told:
        if said is not None:
            sum_.update(len(said).to_bytes(8, "big") + said)
    return sum_.digest()


def _signed(number: int, digest: bytes) -> bytes:
    return b"kurogo audit seal " + number.to_bytes(8, "big") + digest


def _is_signed(private: Ed25519PrivateKey | None, seal: AuditSeal) -> bool:
    if private is None:
        return False
    try:
        private.public_key().verify(bytes(seal.signature), _signed(seal.number, bytes(seal.digest)))
    except InvalidSignature:
        return False
    return True


def _signing_key() -> tuple[SealingKey, Ed25519PrivateKey]:
    for row in SealingKey.objects.order_by("-id"):
        if (private := _opened(row)) is not None:
            return row, private
    private = Ed25519PrivateKey.generate()
    id_ = uuid7()
    sealed = crypto.seal(private.private_bytes_raw(), table=_TABLE, row=id_, field="sealed")
    return SealingKey.objects.create(id=id_, sealed=sealed), private


def _opened(row: SealingKey) -> Ed25519PrivateKey | None:
    try:
        return Ed25519PrivateKey.from_private_bytes(crypto.unseal(row.sealed, table=_TABLE, row=row.id, field="sealed"))
    except (crypto.SealBroken, ValueError):
        return None
