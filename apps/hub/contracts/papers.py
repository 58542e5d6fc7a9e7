"""Letters and facts that go out, and files that come in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A letter to a customer, ready to send. `reference` makes its Message-ID."""

    reference: str
    to: str
    subject: str
    text: str
    sender: str
    locale: str = "ja"
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the people of the house are told, ready to send: plain text, its first line the subject. `to` is a person's address
    there; empty where the connection leads to one place by itself.
    """

    reference: str
    to: str
    subject: str
    text: str
    locale: str = "ja"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message left the house under this id."""

    reference: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFact:
    """Something that happened here, for a merchant's own program: references and numbers, never personal data.

    `reference` is the same for each try and each replay. `sequence` counts the facts of one subject from 1 on.
    """

    reference: str
    topic: str
    at: datetime
    kind: str
    subject: str
    sequence: int
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactTaken:
    """A program has taken a fact, and answered with this HTTP status."""

    reference: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file of a first-class file channel. `kind`: orders, returns, stock, catalogue."""

    name: str
    kind: str
    content: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSetAside:
    """A row of a file that could not be taken, with its reason in words and its number in the file (1 = first data row)."""

    row: int
    reason: str
    detail: str
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """What a file says: things in file order, rows set aside, and how many data rows the whole file has.

    `starts` holds the data row (0 = first) on which each thing begins: reading again from one gives that thing and all
    after it, so that a run can stop anywhere and go on.
    """

    things: tuple[Any, ...]
    set_aside: tuple[RowSetAside, ...]
    rows: int
    starts: tuple[int, ...] = ()
