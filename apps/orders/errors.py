"""What an order refuses."""


class NotOpen(Exception):
    """The order is cancelled or completed."""


class AlreadyShipped(Exception):
    """Units that have left can only come back as a return."""


class DoesNotAddUp(ValueError):
    """The lines of a draft do not make its total."""
