"""The word for a vendor's word that our tables do not know; its raw form is kept beside it."""

UNKNOWN = "unknown"
