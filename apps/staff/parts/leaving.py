"""What a deed sends out of the house, said before the deed: which call, to whom, when. Nothing is called to find out."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.flows import wiring
from apps.hub.models import Connection
from apps.staff.parts import connections, slips
from apps.staff.parts.story import Story
from apps.staff.templatetags import shown


@dataclass(frozen=True, slots=True)
class Leaving:
    """One thing that will leave, with a small remark."""

    words: str
    remark: str = ""


def ship(story: Story, rows: Sequence[Connection]) -> list[Leaving]:
    """Planning a parcel buys a label, or puts it among those to be exported; the rest follows when it is confirmed."""
    order = story.order
    found = []
    carrier = wiring.carrier(order.brand_id)
    if carrier and wiring.has(carrier, "label.file"):
        found.append(
            Leaving(_("It waits to be exported for %(carrier)s") % {"carrier": carrier.name}, _("nothing is sent yet"))
        )
    elif carrier:
        found.append(Leaving(_("%(carrier)s sells 1 label") % {"carrier": carrier.name}, _("at once")))
    when = _("when the parcel is confirmed on the packing page")
    payment = story.payment
    if payment and payment.status == "authorised" and payment.connection:
        amount = shown.money(story.payable_minor, order.currency)
        found.append(
            Leaving(_("%(whom)s takes %(amount)s") % {"whom": payment.connection.name, "amount": amount}, when)
        )
    if connections.with_ability([order.channel], "fulfilment"):
        found.append(Leaving(_("%(whom)s hears of the shipment") % {"whom": order.channel.name}, when))
    if _can_write(story, rows):
        found.append(Leaving(_("The customer gets a mail with the tracking number"), when))
    return found


def cancel(story: Story, rows: Sequence[Connection]) -> list[Leaving]:
    """What calling it off sends; the channel is not told, because it may not have asked for it."""
    order, payment = story.order, story.payment
    found = []
    if payment and story.refundable_minor > 0:
        found += refund(story, story.refundable_minor)
    elif (
        payment
        and payment.connection
        and payment.provider_id
        and payment.status in {"expected", "authorised", "failed"}
    ):
        amount = shown.money(payment.authorised_minor or payment.expected_minor, order.currency)
        words = _("%(whom)s lets the payment of %(amount)s go") % {"whom": payment.connection.name, "amount": amount}
        found.append(Leaving(words, _("nothing is charged")))
    labels = sum(parcel.label_status == "bought" for parcel in story.parcels)
    if labels and story.pending and slips.works_by_file(story.pending.carrier):
        words = _("The slip has to be deleted at %(carrier)s by hand")
        found.append(Leaving(words % {"carrier": story.pending.carrier.name if story.pending.carrier else ""}))
    elif labels and story.pending and story.pending.carrier:
        found.append(Leaving(_("%(carrier)s gets its label back") % {"carrier": story.pending.carrier.name}))
    if _can_write(story, rows):
        found.append(Leaving(_("The customer gets a mail about the cancellation")))
    found.append(
        Leaving(_("%(whom)s is not told") % {"whom": order.channel.name}, _("cancel it there too, if it is still open"))
    )
    return found


def refund(story: Story, minor: int) -> list[Leaving]:
    """Who gives the money back."""
    payment = story.payment
    amount = shown.money(minor, story.order.currency)
    if payment is None:
        return []
    if payment.connection:
        return [Leaving(_("%(whom)s gives back %(amount)s") % {"whom": payment.connection.name, "amount": amount})]
    if payment.method == "prepaid":
        words = _("%(whom)s collected it and gives back %(amount)s") % {
            "whom": story.order.channel.name,
            "amount": amount,
        }
        return [Leaving(words, _("booked here at once"))]
    return [Leaving(_("%(amount)s goes back by hand") % {"amount": amount}, _("nothing is sent by Kurogo"))]


def _can_write(story: Story, rows: Sequence[Connection]) -> bool:
    has_mail = bool(story.order.customer and story.order.customer.email)
    return has_mail and bool(connections.with_ability(rows, "message"))
