"""Somebody says which lot units are, or which serial numbers they have: when they came, or later, with the shelf in view.

Units without a lot are stock like any other; for a variant that is tracked they wait on a list until somebody names them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from apps.catalog.models import Tracking, Variant
from apps.core import clock
from apps.core.ids import uuid7
from apps.inventory.errors import Refused
from apps.inventory.levels import Desk
from apps.inventory.models import Lot, LotLevel, StockLevel, StockMovement
from apps.inventory.purchasing import sane

MOST_LETTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What units are: a lot with so many units, or one unit by its serial number."""

    number: str
    units: int = 1
    expires_on: date | None = None


def unnamed() -> QuerySet[StockLevel]:
    """Levels of tracked variants where units lie of which nobody said what they are."""
    rows = StockLevel.objects.exclude(variant__tracking=Tracking.NONE).filter(on_hand__gt=F("in_lots"))
    return rows.select_related("variant", "location")


def name(level: UUID, names: Sequence[Name], *, actor: str, reason: str = "") -> list[Lot]:
    """Units without a lot become units of these: all or none. Raises `Refused`."""
    with transaction.atomic():
        desk = Desk.of_levels([level], actor=actor, alone=True)
        row = desk.levels[level]
        variant = Variant.objects.get(id=row.variant_id)
        names = [_sane(variant, one) for one in names]
        without, wanted = row.on_hand - row.in_lots, sum(one.units for one in names)
        if wanted > without:
            words = _(
                "%(n)d units are without a lot here; %(asked)d cannot be named. Count the shelf, or correct a lot."
            )
            raise Refused(words % {"n": without, "asked": wanted})
        said: dict[Lot, int] = {}
        for one in names:
            lot = _lot(variant, one)
            if lot in said and lot.is_serial:
                raise Refused(
                    _("%(number)s is there twice. A serial number belongs to one unit.") % {"number": lot.number}
                )
            said[lot] = said.get(lot, 0) + one.units
        _must_be_nowhere(lot for lot in said if lot.is_serial)
        desk.name(row, said, source_id=uuid7(), reason=reason)
        try:
            with transaction.atomic():
                desk.write()
        except IntegrityError as error:  # the same serial number was named at another place in this moment
            raise Refused(_("Somebody named one of these at another place just now. Look again.")) from error
    return list(said)


def take_away(there: UUID, units: int, *, actor: str, reason: str) -> None:
    """Units are not of this lot after all: they are without one again. Raises `Refused`, `LotLevel.DoesNotExist`."""
    with transaction.atomic():
        found, desk = _locked(there, actor=actor, reason=reason)
        if not 0 < units <= found.good:
            words = _("%(n)d units of %(number)s lie there and are for sale; %(asked)d cannot lose their lot.")
            raise Refused(words % {"n": found.good, "number": found.lot.number, "asked": units})
        desk.name(desk.levels[found.level_id], {found.lot: -units}, source_id=uuid7(), reason=reason.strip())
        desk.write()


def dispose(there: UUID, units: int, *, actor: str, reason: str) -> int:
    """Expired units are thrown away; answers what they cost, in minor units. Raises `Refused`, `LotLevel.DoesNotExist`."""
    with transaction.atomic():
        found, desk = _locked(there, actor=actor, reason=reason)
        if not 0 < units <= found.expired:
            words = _("%(n)d expired units of %(number)s lie there; %(asked)d cannot be thrown away.")
            raise Refused(words % {"n": found.expired, "number": found.lot.number, "asked": units})
        level = desk.levels[found.level_id]
        cost = level.value_minor * units // level.on_hand
        desk.change(
            level, StockMovement.Kind.ADJUSTMENT, source_kind="lot", source_id=found.lot_id, part=uuid7().hex,
            reason=reason.strip(), lots={found.lot: -units}, on_hand=-units, expired=-units, value_minor=-cost,
        )  # fmt: skip
        desk.write()
    return cost


def set_expiry(lot: UUID, expires_on: date | None) -> list[UUID]:
    """The date of a lot was wrong; answers the levels where it lies, for `expiring.retire`.

    Raises `Refused`, `Lot.DoesNotExist`.
    """
    _sane_day(expires_on)
    if not Lot.objects.filter(id=lot).update(expires_on=expires_on):
        raise Lot.DoesNotExist
    there = LotLevel.objects.filter(lot=lot, units__gt=0)
    return list(there.order_by("level").values_list("level", flat=True))


def _locked(there: UUID, *, actor: str, reason: str) -> tuple[LotLevel, Desk]:
    """Units of a lot as they lie, their level locked. Raises `Refused` without a reason, `LotLevel.DoesNotExist`."""
    if not reason.strip():
        raise Refused(_("Say in a few words why."))
    found = LotLevel.objects.select_related("lot").get(id=there)
    desk = Desk.of_levels([found.level_id], actor=actor, alone=True)
    found.refresh_from_db(fields=["units", "expired"])
    return found, desk


def _sane(variant: Variant, one: Name) -> Name:
    """Raises `Refused`."""
    if variant.tracking == Tracking.NONE:
        words = _("%(sku)s is tracked by its quantity alone. Choose lots or serial numbers on the article first.")
        raise Refused(words % {"sku": variant.sku})
    number = one.number.strip()
    if not number or len(number) > MOST_LETTERS:
        raise Refused(
            _("Enter the number that is printed on the goods, at most %(n)d characters.") % {"n": MOST_LETTERS}
        )
    units = 1 if variant.tracking == Tracking.SERIAL else sane(one.units)
    return Name(number=number, units=units, expires_on=_sane_day(one.expires_on))


def _sane_day(day: date | None) -> date | None:
    """Raises `Refused`."""
    if day and not date(2000, 1, 1) <= day <= date(clock.business_date().year + 50, 1, 1):
        raise Refused(_("%(day)s is no expiry date. Is the year right?") % {"day": day.isoformat()})
    return day


def _lot(variant: Variant, one: Name) -> Lot:
    """The lot of that number, made where it is new. Raises `Refused` where it is known with another date."""
    lot, _made = Lot.objects.select_related("variant").get_or_create(
        variant=variant, number=one.number,
        defaults={"expires_on": one.expires_on, "is_serial": variant.tracking == Tracking.SERIAL},
    )  # fmt: skip
    if one.expires_on and lot.expires_on != one.expires_on:
        words = _(
            "%(number)s is known with the expiry date %(known)s, not %(said)s. Look at the goods; correct the lot."
        )
        known = lot.expires_on.isoformat() if lot.expires_on else _("none")
        raise Refused(words % {"number": lot.number, "known": known, "said": one.expires_on.isoformat()})
    return lot


def _must_be_nowhere(lots: Iterable[Lot]) -> None:
    """Raises `Refused` where a serial number lies on a shelf already."""
    there = LotLevel.objects.filter(lot__in=list(lots), units__gt=0).select_related("lot", "level__location")
    if first := there.first():
        words = _("%(number)s lies at %(place)s already. A serial number belongs to one unit.")
        raise Refused(words % {"number": first.lot.number, "place": first.level.location.name})
