"""Why an order may be on hold: codes, and the words a person reads. An unknown code is shown as it is."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SHORT = "short"
UNKNOWN_SKU = "unknown_sku"
NO_ADDRESS = "no_address"
PAYMENT_DIFFERS = "payment_differs"
UNKNOWN_PAYMENT = "unknown_payment"
CHANGED_AT_CHANNEL = "changed_at_channel"
AWAITS_CHANNEL = "awaits_channel"
NOT_CONFIRMED = "not_confirmed"
BY_HAND = "by_hand"

WORDS: dict[str, str | Promise] = {
    SHORT: _("Waits for stock"),
    UNKNOWN_SKU: _("A SKU is not in the catalogue"),
    NO_ADDRESS: _("The address is incomplete"),
    PAYMENT_DIFFERS: _("The payment is for another amount"),
    UNKNOWN_PAYMENT: _("The way of paying is not known"),
    CHANGED_AT_CHANNEL: _("Changed at the channel after it was taken in"),
    AWAITS_CHANNEL: _("The channel has not released it yet"),
    NOT_CONFIRMED: _("The channel did not take our confirmation"),
    BY_HAND: _("Held by a person"),
}
