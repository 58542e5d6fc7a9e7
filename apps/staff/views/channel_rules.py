"""The rule of one channel: what it is shown of the stock and at which price, tried out before anything is sent."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.channels.models import ChannelRule, Ending
from apps.channels.services import rule_of
from apps.core import audit
from apps.flows import set_rule, wiring
from apps.hub import doorbell
from apps.hub.models import Connection
from apps.inventory.errors import Refused
from apps.staff.parts import listed, typed
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

# field -> (smallest, largest); an empty one is none where the rule allows it.
WHOLE = {
    "buffer": (0, 1_000_000), "cap": (0, 1_000_000), "minimum": (0, 1_000_000), "weight": (0, 1000),
    "blind_after_minutes": (1, 10_000), "stop_percent": (0, 100), "least_margin": (0, 99),
}  # fmt: skip
LABELS = {
    "buffer": (gettext_lazy("Held back (units)"), gettext_lazy("Units of each article that this channel is not shown.")),
    "cap": (gettext_lazy("Shows at most"), gettext_lazy("Empty: as many as there are.")),
    "minimum": (gettext_lazy("Shows at least"), gettext_lazy("Fewer units than this are shown as none.")),
    "weight": (gettext_lazy("Share of leases"), gettext_lazy("Empty: by what the channel has sold lately.")),
    "blind_after_minutes": (gettext_lazy("Counts as blind after (minutes)"), ""),
    "stop_percent": (
        gettext_lazy("Ask before so much falls to none (%)"),
        gettext_lazy("Empty: as for the company. 0: never ask. Sales are not counted."),
    ),
    "price_factor": (
        gettext_lazy("Our price times"), gettext_lazy("1.1 makes it a tenth dearer. Empty: no price rule."),
    ),
    "price_addition": (gettext_lazy("Plus a fixed amount"), gettext_lazy("May be negative.")),
    "least_margin": (
        gettext_lazy("Least margin (%)"),
        gettext_lazy("Of the price without tax, over what the units on the shelf cost. No known cost: no limit."),
    ),
}  # fmt: skip
EMPTY = {"cap", "weight", "stop_percent", "least_margin"}


@needs("stock.view")
@require_safe
def rule(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """The rule as it is and what it would change now; with `?try=1` another one is tried out, and nothing is written."""
    channel = _channel(connection_id)
    tried, errors = _typed(request.GET, channel) if request.GET.get("try") else (rule_of(channel), {})
    return _page(request, channel, tried, errors, status=200)


@needs("listings.manage")
@require_POST
def save(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Make it so: the rule is kept and the channel told by it. `falls`: how many fell to none in the preview."""
    channel = _channel(connection_id)
    tried, errors = _typed(request.POST, channel)
    if errors:
        return _page(request, channel, tried, errors, status=409)
    try:
        falls = typed.whole(request.POST.get("falls", "0"))
        told = set_rule.make_so(channel, tried, seen_falls=falls, actor=audit.actor_of(request))
    except set_rule.Stale:
        words = _("More articles would fall to none by now than the preview showed. Look at it again.")
        return _page(request, channel, tried, {"": words}, status=409)
    except set_rule.UnderWay:
        words = _("Prices are still on their way to this channel. Try again when it has answered.")
        return _page(request, channel, tried, {"": words}, status=409)
    doorbell.ring()
    said = [_("Saved.")]
    if told.numbers:
        words = ngettext(
            "%(name)s is told %(n)d new number.", "%(name)s is told %(n)d new numbers.", told.numbers
        )  # fmt: skip
        said.append(words % {"name": channel.name, "n": told.numbers})
    if told.prices:
        words = ngettext("%(name)s is told %(n)d new price.", "%(name)s is told %(n)d new prices.", told.prices)
        said.append(words % {"name": channel.name, "n": told.prices})
    messages.success(request, " ".join(said))
    return redirect("staff:channel_rule", channel.id)


def _channel(connection_id: UUID) -> Connection:
    row = Connection.objects.select_related("rule").filter(id=connection_id).first()
    if row is None or not wiring.has(row, "catalogue"):
        raise Http404
    return row


def _typed(said: QueryDict, channel: Connection) -> tuple[ChannelRule, dict[str, str]]:
    """The rule as it was typed, and what is wrong with it by field."""
    now = rule_of(channel)
    made = ChannelRule(**{name: getattr(now, name) for name in set_rule.FIELDS})
    errors: dict[str, str] = {}
    for name, (least, most) in WHOLE.items():
        text = said.get(name, "").strip()
        try:
            value = None if not text and name in EMPTY else typed.whole(text or "0")
            if value is not None and not least <= value <= most:
                words = _("Enter a number between %(least)s and %(most)s.")
                raise Refused(words % {"least": f"{least:,}", "most": f"{most:,}"})
            setattr(made, name, value)
        except Refused as refused:
            errors[name] = str(refused)
    for name, most_ in (("price_factor", Decimal(100)), ("price_addition", Decimal(10_000_000))):
        text = said.get(name, "").strip()
        try:
            number = typed.number(text) if text else None
            if name == "price_factor" and number is not None and not 0 < number <= most_:
                raise Refused(_("A factor is more than 0 and at most 100."))
            if number is not None and (
                abs(number) > most_ or number != round(number, 4 if name == "price_factor" else 2)
            ):
                raise Refused(_("That is too large or too fine."))
            setattr(made, name, number if name == "price_factor" else number or Decimal(0))
        except Refused as refused:
            errors[name] = str(refused)
    made.price_ending = said.get("price_ending", "") if said.get("price_ending", "") in Ending.values else ""
    if not errors and made.cap is not None and made.cap < made.minimum:
        errors["cap"] = _("The most that is shown cannot be less than the least.")
    return made, errors


def _page(
    request: HttpRequest, channel: Connection, tried: ChannelRule, errors: dict[str, str], *, status: int
) -> HttpResponse:
    said = request.POST if request.method == "POST" else request.GET
    can_be_told, takes_prices = wiring.has(channel, "stock.write"), wiring.has(channel, "price.write")
    found = set_rule.preview(channel, tried) if not [name for name in errors if name] else set_rule.Preview()
    is_tried = request.method == "POST" or bool(request.GET.get("try"))
    values = _values(tried, said, errors)
    context = frame()[0] | {
        "row": channel, "rule": tried, "errors": errors, "found": found, "is_tried": is_tried and not errors,
        "rows": [_row(change, tried) for change in found.changes], "endings": Ending.choices,
        "can_be_told": can_be_told, "takes_prices": takes_prices,
        "values": values,
        "fields": {
            name: {"name": name, "label": label, "hint": hint, "value": values[name], "error": errors.get(name, "")}
            for name, (label, hint) in LABELS.items()
        },
        "place": "staff:stock",
    }  # fmt: skip
    return render(request, "staff/channel_rule.html", context, status=status)


def _values(tried: ChannelRule, said: QueryDict, errors: dict[str, str]) -> dict[str, str]:
    """What stands in the fields: what is wrong stays as it was typed."""
    made = {}
    for name in set_rule.FIELDS:
        value: Any = getattr(tried, name)
        text = "" if value is None else f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
        made[name] = said.get(name, "") if name in errors else text
    return made


def _row(change: set_rule.Change, rule_: ChannelRule) -> dict[str, Any]:
    """One change in words."""
    price, currency = change.price, change.of.currency
    return {
        "of": change, "price_there": listed.amount(change.of.price, currency),
        "price_by_rule": listed.amount(price.wanted, price.currency) if price and change.is_new_price else "",
        "why": [*_why_number(change, rule_), *(_why_price(change, rule_) if change.is_new_price else [])],
    }  # fmt: skip


def _why_number(change: set_rule.Change, rule_: ChannelRule) -> list[str]:
    if not change.is_new_number or change.free is None:
        return []
    words = [_("free %(n)d") % {"n": change.free}]
    back = rule_.buffer + change.of.buffer
    if back:
        words.append(_("less %(n)d held back") % {"n": back})
    if rule_.cap is not None and change.free - back > rule_.cap:
        words.append(_("at most %(n)d") % {"n": rule_.cap})
    if 0 < change.free - back < rule_.minimum:
        words.append(_("fewer than %(n)d are shown as none") % {"n": rule_.minimum})
    return words


def _why_price(change: set_rule.Change, rule_: ChannelRule) -> list[str]:
    price = change.price
    if price is None:
        return []
    if price.why == "own":
        return [_("the listing has a price of its own")]
    words = [_("ours %(price)s") % {"price": listed.amount(price.base, price.currency)}]
    if rule_.price_factor is not None:
        words.append(f"× {rule_.price_factor.normalize():f}")
    if rule_.price_addition:
        words.append(f"{rule_.price_addition.normalize():+f}")
    if price.why == "margin" and rule_.least_margin is not None:
        words.append(_("raised to a margin of %(n)d %%") % {"n": rule_.least_margin})
    if rule_.price_ending:
        words.append(_("rounded up to %(ending)s") % {"ending": rule_.get_price_ending_display()})
    return words
