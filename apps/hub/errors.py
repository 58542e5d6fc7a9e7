"""What can go wrong with a vendor, in four words; the delivery decides by the word alone."""


class VendorError(Exception):
    """Any of the four; `sent` says whether the call may have taken effect at the vendor."""

    sent = False


class Transient(VendorError):
    """Try again later with the same key: 5xx, no answer, a lock at the vendor."""

    def __init__(self, reason: str, *, sent: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent


class RateLimited(Transient):
    """Try again, but not before `retry_after` seconds (None: back off as usual)."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason, sent=False)
        self.retry_after = retry_after


class Permanent(VendorError):
    """The vendor refuses this thing; a person decides. Neighbours go on."""


class Misconfigured(VendorError):
    """Credentials, scopes or settings are wrong; the connection waits for a person."""


class BadSignature(Exception):
    """A notice that is not from who it says: refused, counted, not stored."""


class Unreadable(Exception):
    """A genuine notice that our tables cannot read: kept, marked, shown."""
