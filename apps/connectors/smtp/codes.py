"""SMTP's answers and our errors (RFC 5321 §4.2.1, RFC 3463)."""

from apps.core.net_smtp import Refused
from apps.hub import errors

# 5xx that speak of us and not of the letter: sign-in asked for or refused, relaying denied, encryption asked for.
OURS = frozenset({530, 534, 535, 538})


def error_of(refused: Refused) -> errors.VendorError:
    """4xx comes back later; a 5xx is final for the letter, unless it speaks of the connection."""
    if 400 <= refused.code < 500:
        return errors.Transient(str(refused))
    if refused.is_setup or refused.code in OURS:
        return errors.Misconfigured(str(refused))
    return errors.Permanent(str(refused))
