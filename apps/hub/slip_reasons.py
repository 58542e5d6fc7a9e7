"""What is odd about a slip, or keeps it out of a carrier's file: the code travels, the words are for the person who mends it."""

from django.utils.translation import gettext_lazy as _

WORDS = {
    # What keeps a parcel out of the file
    "character": _("The carrier cannot print this character."),
    "too_long": _("Too long for the slip. Shorten it, or move a part of it into another field."),
    "missing": _("The slip needs this. Fill it in."),
    "bad_postal_code": _("A postal code has seven digits."),
    "bad_phone": _("A telephone number has 10 or 11 digits."),
    "no_prefecture": _("The prefecture is missing. Begin the address with it."),
    "not_here": _("This carrier carries within its own country only."),
    "day_is_past": _("The wished day is before the day on which the parcel leaves. Choose another."),
    "no_such_slot": _("The carrier does not deliver in these hours. Choose others, or none."),
    "takes_no_wish": _("This service takes no wished day and no hours. Take them off, or choose another service."),
    "no_cash": _("This service collects no cash at the door. Choose another service."),
    "too_much_cash": _("This is more than the service collects at the door."),
    "bad_cash": _("The amount to be collected makes no sense here."),
    "unknown_service": _("The carrier has no such service. Choose one."),
    # What is odd about a number that came back
    "check_digit": _("The check digit is wrong. The number was kept; compare it with the slip."),
    "odd_number": _("The number does not have 12 digits. It was kept; compare it with the slip."),
}
