"""A message as RFC 5322 bytes: UTF-8, one Message-ID for each reference, marked as written by a machine. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from apps.hub import contracts as c
from apps.hub import errors

# 7bit asks nothing of the servers on the way; text becomes quoted-printable or base64, whichever is shorter.
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes on the wire. `sender` and `recipient` are the bare addresses of the envelope."""

    message_id: str
    sender: str
    recipient: str
    content: bytes


def letter(message: c.Message, *, default_sender: str, at: datetime) -> Letter:
    """The letter of a message. Raises `Permanent` for an address that is none, `Misconfigured` without a sender."""
    name, sender = _split(message.sender or default_sender)
    if not sender:
        raise errors.Misconfigured("no sender address is set")
    to_name, recipient = _split(message.to)
    if not recipient:
        raise errors.Permanent("the customer's address is not an e-mail address")
    written = EmailMessage(policy=_POLICY)
    identifier = message_id(message.reference, sender)
    try:
        written["From"] = Address(name, addr_spec=sender)
        written["To"] = Address(to_name, addr_spec=recipient)
        written["Subject"] = " ".join(message.subject.split())
        written["Date"] = format_datetime(at)
        written["Message-ID"] = identifier
        written["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to us
        written.set_content(message.text, charset="utf-8")
        if message.html:
            written.add_alternative(message.html, subtype="html", charset="utf-8")
        written["Content-Language"] = message.locale  # last: setting the content drops every Content- header
    except (ValueError, IndexError) as error:
        raise errors.Permanent("the letter cannot be written: an address or a header is malformed") from error
    return Letter(identifier, sender, recipient, written.as_bytes())


def message_id(reference: str, sender: str) -> str:
    """`<reference@domain>`: the same for each try, so that a mailbox shows a repeated letter once."""
    local = re.sub(r"[^A-Za-z0-9.-]+", "-", reference).strip(".-")[:64] or "letter"
    return f"<{re.sub(r'[.]{2,}', '.', local)}@{sender.rpartition('@')[2]}>"


def _split(text: str) -> tuple[str, str]:
    """Name and bare address ("" when there is none). A domain outside ASCII is written in its ASCII form (IDNA)."""
    if any(not c.isprintable() for c in text):
        return "", ""
    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    if not local or not domain or " " in address:
        return "", ""
    try:
        return name, f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return "", ""
