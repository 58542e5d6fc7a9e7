"""What the stock refuses."""


class InsufficientStock(Exception):
    """Fewer units are promised or there than were asked for."""


class NoLocation(LookupError):
    """No location takes new orders; the merchant has to choose one."""


class Refused(Exception):
    """What a person asked for cannot be: `str()` is a sentence for them, in their language. Nothing was changed."""
