"""What the book refuses."""


class NoRule(LookupError):
    """No posting rule for this event on this day."""
