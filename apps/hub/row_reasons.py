"""Why a row of a file was set aside: the code is kept with the row, the words are for the person who mends the file."""

from django.utils.translation import gettext_lazy as _

WORDS = {
    # The row itself
    "truncated": _("The file ends in the middle of this row."),
    "broken_quotes": _("The quotation marks of this row do not pair."),
    "too_few_cells": _("The row has fewer cells than the header."),
    "too_many_cells": _("The row has more cells than the header."),
    "nul_byte": _("The row holds a NUL byte."),
    "doubled_column": _("Two columns of one name say different things."),
    "missing_value": _("A cell that must be filled is empty."),
    "too_long": _("A cell is longer than can be kept."),
    "bad_number": _("A number cannot be read."),
    "not_whole": _("A quantity is not a whole number."),
    "bad_quantity": _("The quantity makes no sense here."),
    "bad_amount": _("The amount makes no sense here."),
    "bad_date": _("A date or time cannot be read."),
    "ambiguous_date": _("It is not clear which is the day and which the month."),
    "bad_currency": _("The currency is not a code of three letters."),
    "excel_number": _("A spreadsheet has shortened this code; its digits are lost."),
    "unknown_kind": _("The kind of the row is not known."),
    # What it belongs to
    "mixed_currencies": _("The rows of one order name different currencies."),
    "total_differs": _("The rows do not add up to the order's total."),
    "order_incomplete": _("Another row of the same order could not be read."),
    # What it would do here
    "does_not_add_up": _("The lines do not add up to the total."),
    "unknown_sku": _("No article has this SKU."),
    "unknown_location": _("No warehouse has this code."),
    "unknown_parcel": _("No parcel of ours that goes with this carrier has this key."),
    "called_off": _("The parcel was called off. Do not hand it over; delete its slip at the carrier."),
    "has_left": _("The parcel has left with another number. It keeps that one."),
}
