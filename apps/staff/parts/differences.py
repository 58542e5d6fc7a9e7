"""A difference in a sentence of each language, and what each side says, as rows of evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.payments.states import RefundStatus
from apps.payments.states import Status as PaymentStatus
from apps.reconciliation.models import Difference, StockDrift
from apps.staff.templatetags import shown

Kind = Difference.Kind

_HEADLINES: dict[str, Promise] = {
    Kind.ORDER_MISSING_HERE: gettext_lazy("An order of %(whom)s had not arrived here"),
    Kind.ORDER_MISSING_THERE: gettext_lazy("%(whom)s does not know an order of ours"),
    Kind.STOCK_DRIFT: gettext_lazy("%(whom)s shows another number of units"),
    Kind.PAYMENT_AMOUNT: gettext_lazy("A payment at %(whom)s is for another amount"),
    Kind.PAYMENT_STATUS: gettext_lazy("A payment at %(whom)s stands otherwise than here"),
    Kind.PAYOUT_SUM: gettext_lazy("A payout of %(whom)s does not add up"),
}
_SENTENCES: dict[str, Promise] = {
    Kind.ORDER_MISSING_HERE: gettext_lazy(
        "%(whom)s lists the order %(number)s for %(theirs)s; none of its notices had reached us. It was fetched at night and"
        " goes the way of every order."
    ),
    Kind.ORDER_MISSING_THERE: gettext_lazy(
        "The order %(order)s (%(number)s) for %(ours)s is here, and %(whom)s says that there is no such order. It may have been"
        " deleted there. Look there before it is shipped."
    ),
    Kind.STOCK_DRIFT: gettext_lazy(
        "%(whom)s showed %(their_units)s of %(sku)s; %(our_units)s would be right. %(causes)s The right number was sent."
    ),
    Kind.PAYMENT_AMOUNT: gettext_lazy(
        "%(whom)s tells of a payment of %(theirs)s for the order %(order)s; %(ours)s are expected. Nothing was booked, and the"
        " order is on hold."
    ),
    Kind.PAYMENT_STATUS: gettext_lazy(
        "The payment %(thing)s was “%(our_state)s” here and “%(their_state)s” at %(whom)s. It was brought up to date."
    ),
    Kind.PAYOUT_SUM: gettext_lazy(
        "%(whom)s sent %(theirs)s to the bank; the %(lines)s lines that it lists make %(ours)s. %(missing)s are explained by no"
        " line. Ask the provider for the missing lines."
    ),
}
# What the lines of payouts brought to light; a movement without a cause is told by `_STRAY`.
_OF_LINES: dict[str, Promise] = {
    Kind.PAYMENT_AMOUNT: gettext_lazy(
        "%(whom)s paid out %(theirs)s for %(thing)s; here they are %(ours)s. Compare it at %(whom)s with what the order says."
    ),
    Kind.PAYMENT_STATUS: gettext_lazy(
        "The refund %(thing)s is “%(our_state)s” here and, by the lines of its payouts, “%(their_state)s” at %(whom)s. Find out"
        " which is right."
    ),
}
_STRAY = gettext_lazy(
    "%(whom)s lists a movement (%(their_state)s) of %(theirs)s that belongs to nothing known here. %(net)s stay unexplained"
    " until somebody writes down what it is."
)
_STATES = {
    "pending": gettext_lazy("expected"),
    "unknown": gettext_lazy("unknown"),
    **{status.value: status.label for status in (*RefundStatus, *PaymentStatus)},
}


@dataclass(frozen=True, slots=True)
class Side:
    """What one side says."""

    where: str
    record: str
    says: str
    is_ours: bool = False


def headline(row: Difference) -> str:
    """What differs, in a few words."""
    return str(_HEADLINES.get(row.kind, row.kind)) % {"whom": row.connection.name}


def about(row: Difference) -> str:
    """Which thing it is about, as people call it."""
    said = row.evidence
    return str(said.get("order") or said.get("sku") or said.get("number") or row.thing)


def sentence(row: Difference) -> str:
    """What happened and what to do, in the language of the page."""
    known = _OF_LINES if "line" in row.evidence else _SENTENCES
    words = _STRAY if row.unexplained_minor else known.get(row.kind, row.kind)
    return str(words) % _facts(row)


def other_sentence(row: Difference) -> tuple[str, str]:
    """(language, the same sentence in it): for the colleague who reads the other one."""
    other = "en" if (get_language() or "ja").startswith("ja") else "ja"
    with translation.override(other):
        return other, sentence(row)


def sides(row: Difference) -> list[Side]:
    """The evidence: their record, ours, and what each says."""
    facts = _facts(row)
    theirs, ours = (
        row.thing,
        _("none") if row.kind == Kind.ORDER_MISSING_HERE else str(facts["order"] or facts["sku"] or "–"),
    )
    if row.kind == Kind.STOCK_DRIFT:
        said = (str(facts["their_units"]), str(facts["our_units"]))
    elif row.kind == Kind.PAYMENT_STATUS:
        said = (str(facts["their_state"]), str(facts["our_state"]))
    else:
        said = (str(facts["theirs"]), str(facts["ours"]))
    return [Side(row.connection.name, theirs, said[0]), Side("Kurogo", ours, said[1], is_ours=True)]


def gap_minor(row: Difference) -> int | None:
    """Theirs less ours, in minor units, where it is about money; what is unexplained, where the cause is not known."""
    if row.unexplained_minor:
        return row.unexplained_minor
    if row.kind in {Kind.STOCK_DRIFT, Kind.PAYMENT_STATUS} or row.ours_minor is None or row.theirs_minor is None:
        return None
    return row.theirs_minor - row.ours_minor


def _facts(row: Difference) -> dict[str, object]:
    said = row.evidence
    currency = row.currency or "JPY"
    return {
        "whom": row.connection.name,
        "thing": row.thing,
        "number": said.get("number", row.thing),
        "order": said.get("order", ""),
        "sku": said.get("sku", ""),
        "ours": shown.money(row.ours_minor, str(said.get("ours")) if row.kind == Kind.PAYMENT_AMOUNT else currency),
        "theirs": shown.money(row.theirs_minor, currency),
        "our_units": said.get("ours", "–"),
        "their_units": said.get("theirs", "–"),
        "our_state": _STATES.get(str(said.get("ours")), said.get("ours", "–")),
        "their_state": _STATES.get(str(said.get("theirs")), said.get("theirs", "–")),
        "lines": said.get("lines", 0),
        "missing": shown.money(said.get("missing"), currency),
        "causes": causes(row.evidence) if row.kind == Kind.STOCK_DRIFT else "",
        "net": shown.money(row.unexplained_minor, currency),
    }


# Why stock drifted


def causes(said: Mapping[str, Any]) -> str:
    """The causes of a stock difference as sentences; of one that was noted before causes were told, what may be."""
    parts = [_part(one["cause"], one["units"], one) for one in said.get("causes", ())]
    return " ".join(parts) if parts else _("Somebody may have changed it there.")


def cause(row: StockDrift) -> str:
    """One part of a drift with its evidence, as a sentence."""
    return _part(row.cause, row.units, row.evidence)


def _part(kind: str, units: int, said: Mapping[str, Any]) -> str:
    facts = {
        "n": shown.signed(units), "orders": _named(said), "number": said.get("number", "–"), "at": _at(said),
        "sold": said.get("sold", 0), "believed": said.get("believed"), "right": said.get("right"),
        "recounted": said.get("recounted"), "twin": said.get("twin", ""),
    }  # fmt: skip
    return _words(kind, said) % facts


def _words(kind: str, said: Mapping[str, Any]) -> str:
    if kind == StockDrift.Cause.MISSED:
        if said.get("event") == "cancel":
            return _("%(n)s: called off there with %(orders)s, which nobody had told us.")
        return _("%(n)s: sold there with %(orders)s, which nobody had told us.")
    if kind == StockDrift.Cause.WRONG_LINK:
        if said.get("twin"):
            return _("%(n)s: sold under this SKU with %(orders)s and booked on another article. The channel lists the SKU twice"
                     " (%(twin)s); look at what its listings are linked to.")  # fmt: skip
        return _(
            "%(n)s: sold under this SKU with %(orders)s and booked on another article. Look at what the listing is linked to."
        )
    if kind == StockDrift.Cause.LATE:
        if said.get("late") == "answer":
            return _("%(n)s: our number %(number)s had arrived there, its acknowledgement had not arrived here.")
        return _("%(n)s: our number %(number)s was acknowledged (%(at)s) and did not show yet.")
    if kind == StockDrift.Cause.OURS:
        return {
            "not_marked": _(
                "%(n)s: our own fault, %(right)s would have been right and %(believed)s was never corrected."
            ),
            "miscounted": _(
                "%(n)s: our own fault, we believed %(believed)s where what was told and sold makes %(recounted)s."
            ),
        }.get(str(said.get("fault")), _("%(n)s: our own fault, it was never told a number."))
    if "number" in said:
        return _("%(n)s: changed there. It had acknowledged %(number)s (%(at)s), %(sold)s were sold since, and no order and no"
                 " push explains the rest.")  # fmt: skip
    return _("%(n)s: changed there. No order and no push explains it (last acknowledged %(at)s).")


def _at(said: Mapping[str, Any]) -> str:
    return shown.times.moment(datetime.fromisoformat(said["at"])) if said.get("at") else "–"


def _named(said: Mapping[str, Any]) -> str:
    named = ", ".join(str(number) for number in said.get("orders", ()))
    more = said.get("orders_in_all", 0) - len(said.get("orders", ()))
    return _("%(orders)s and %(n)d more") % {"orders": named, "n": more} if more > 0 else named
