"""What cannot be done to a listing, in a sentence for the person who tried."""


class Refused(Exception):
    """The sentence is translated already; nothing was changed."""
