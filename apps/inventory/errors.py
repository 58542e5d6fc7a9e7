"""What the stock refuses."""


class InsufficientStock(Exception):
    """Fewer units are promised or there than were asked for."""


class NoLocation(LookupError):
    """No location takes new orders; the merchant has to choose one."""
