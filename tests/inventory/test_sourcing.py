"""Which place ships an order: what can be promised comes first, then the merchant's rules in their order, and it says why."""

from uuid import UUID

import pytest

from apps.inventory import prefectures
from apps.inventory.sourcing import CHEAPEST, MOST_PARCELS, NEAREST, ONE_PLACE, Need, Place, Rule, decide

TOKYO, OSAKA, SAPPORO = (UUID(int=n) for n in (1, 2, 3))
PLACES = [
    Place(id=TOKYO, name="Tokyo", is_default=True, country="JP", region="東京都", parcel_minor=900),
    Place(id=OSAKA, name="Osaka", country="JP", region="大阪府", parcel_minor=600),
    Place(id=SAPPORO, name="Sapporo", country="JP", region="北海道", parcel_minor=1200),
]
CUP, POT = UUID(int=11), UUID(int=12)
ONE, TWO = UUID(int=21), UUID(int=22)
NAMES = {TOKYO: "T", OSAKA: "O", SAPPORO: "S"}


def _line(line, units, *parts, may_use_lease=True):
    return Need(line, units, parts, may_use_lease)


def _decided(stock, needs, rules=(), *, to=("JP", "京都府"), leased=None):
    """'line place units' of what is promised and what waits, and the codes of the reasons."""
    made = decide(
        needs, places=PLACES, free=stock, leased=leased or {}, to=to,
        rules=[rule if isinstance(rule, Rule) else Rule(rule) for rule in rules],
    )  # fmt: skip
    said = {ONE: 1, TWO: 2}
    promised = sorted(f"{said[line]}{NAMES[at]}{units}" for (line, at), units in made.promised.items())
    waits = sorted(f"{said[line]}{NAMES[at]}{units}" for (line, at), units in made.waiting.items())
    return promised, waits, [reason.code for reason in made.reasons]


FULL = {TOKYO: {CUP: 9, POT: 9}, OSAKA: {CUP: 9, POT: 9}, SAPPORO: {CUP: 9, POT: 9}}
CUPS, POTS = _line(ONE, 2, (CUP, 1)), _line(TWO, 1, (POT, 1))


@pytest.mark.parametrize(
    ("stock", "rules", "promised", "waits", "codes"),
    [
        (FULL, [], ["1T2", "2T1"], [], ["from_one", "by_default"]),
        (FULL, [NEAREST], ["1O2", "2O1"], [], ["from_one", "by_nearest"]),
        (FULL, [CHEAPEST, NEAREST], ["1O2", "2O1"], [], ["from_one", "by_cheapest"]),
        # Osaka has the cups and Tokyo the pot; only Sapporo has both.
        ({TOKYO: {POT: 1}, OSAKA: {CUP: 2}, SAPPORO: {CUP: 2, POT: 1}}, [ONE_PLACE], ["1S2", "2S1"], [],
         ["from_one", "by_one_place"]),
        ({TOKYO: {POT: 1}, OSAKA: {CUP: 2}, SAPPORO: {CUP: 2, POT: 1}}, [NEAREST], ["1O2", "2T1"], [],
         ["split", "by_nearest"]),
        # What can be promised comes before every rule.
        ({TOKYO: {CUP: 1}, OSAKA: {CUP: 1, POT: 1}}, [ONE_PLACE], ["1O1", "1T1", "2O1"], [], ["split", "holds_most"]),
        ({TOKYO: {CUP: 1}, OSAKA: {CUP: 1, POT: 1}}, [Rule(MOST_PARCELS, 1)], ["1O1", "2O1"], ["1O1"],
         ["from_one", "holds_most", "too_many_parcels"]),
        ({TOKYO: {CUP: 1}}, [NEAREST], ["1T1"], ["1T1", "2T1"], ["from_one", "short"]),
        ({}, [NEAREST], [], ["1T2", "2T1"], ["short"]),
    ],
)  # fmt: skip
def test_a_decision_follows_the_rules_in_their_order(stock, rules, promised, waits, codes):
    assert _decided(stock, [CUPS, POTS], rules) == (promised, waits, codes)


def test_a_set_leaves_whole_and_takes_no_lease():
    gift = _line(ONE, 2, (CUP, 2), (POT, 1), may_use_lease=False)
    stock = {TOKYO: {CUP: 3, POT: 5}, OSAKA: {CUP: 1, POT: 1}, SAPPORO: {CUP: 2, POT: 1}}

    assert _decided(stock, [gift]) == (["1S1", "1T1"], [], ["split", "holds_most"])
    assert _decided({TOKYO: {POT: 2}}, [gift], leased={TOKYO: {CUP: 4}})[1] == ["1T2"]


def test_a_channels_own_units_count_where_they_lie():
    cups = _line(ONE, 2, (CUP, 1))

    assert _decided({TOKYO: {CUP: 1}}, [cups], leased={OSAKA: {CUP: 2}}) == (
        ["1O2"],
        [],
        ["from_one", "fewest_parcels"],
    )


def test_two_lines_of_one_article_share_what_lies_there():
    lines = [_line(ONE, 2, (CUP, 1)), _line(TWO, 2, (CUP, 1))]

    assert _decided({TOKYO: {CUP: 3}}, lines)[:2] == (["1T2", "2T1"], ["2T1"])


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        (("JP", "東京都"), ("JP", "Tokyo"), 0),
        (("JP", "Tōkyō-to"), ("", "JP-13"), 0),
        (("JP", "東京都"), ("JP", "大阪府"), 396),
        (("JP", "東京都"), ("JP", "nowhere"), prefectures.SOMEWHERE_KM),
        (("US", "CA"), ("US", "ca"), 0),
        (("US", "CA"), ("JP", "東京都"), prefectures.ABROAD_KM),
    ],
)
def test_how_far_it_is(one, other, km):
    assert abs(prefectures.km(one, other) - km) <= 15
