"""I17: the audit trail is what it was when it was sealed."""

from itertools import islice

from apps.core import audit_seals
from apps.flows.verifying.checks import Finding

MOST = 1000


def check() -> Finding:
    """Read the whole trail once more and compare it with its seals and with the head that is kept outside."""
    found = list(islice(audit_seals.faults(), MOST))
    finding = Finding("I17")
    finding.add("the audit trail is whole", checked=audit_seals.count(), violations=len(found), names=found)
    return finding
