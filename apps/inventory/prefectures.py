"""How far it is between two addresses, roughly: between the seats of Japan's prefectures, else by what the addresses share.

Coordinates of the prefectural offices to a tenth of a degree (about 10 km), which is exact enough to choose a warehouse.
"""

from collections.abc import Mapping
from math import asin, cos, radians, sin, sqrt

# code of JIS X 0401: name, name in Latin letters, north and east in tenths of a degree
PREFECTURES: Mapping[int, tuple[str, str, int, int]] = {
    1: ("北海道", "hokkaido", 431, 1413), 2: ("青森", "aomori", 408, 1407), 3: ("岩手", "iwate", 397, 1412),
    4: ("宮城", "miyagi", 383, 1409), 5: ("秋田", "akita", 397, 1401), 6: ("山形", "yamagata", 382, 1404),
    7: ("福島", "fukushima", 377, 1405), 8: ("茨城", "ibaraki", 363, 1404), 9: ("栃木", "tochigi", 366, 1399),
    10: ("群馬", "gunma", 364, 1391), 11: ("埼玉", "saitama", 359, 1396), 12: ("千葉", "chiba", 356, 1401),
    13: ("東京", "tokyo", 357, 1397), 14: ("神奈川", "kanagawa", 354, 1396), 15: ("新潟", "niigata", 379, 1390),
    16: ("富山", "toyama", 367, 1372), 17: ("石川", "ishikawa", 366, 1366), 18: ("福井", "fukui", 361, 1362),
    19: ("山梨", "yamanashi", 357, 1386), 20: ("長野", "nagano", 367, 1382), 21: ("岐阜", "gifu", 354, 1367),
    22: ("静岡", "shizuoka", 350, 1384), 23: ("愛知", "aichi", 352, 1369), 24: ("三重", "mie", 347, 1365),
    25: ("滋賀", "shiga", 350, 1359), 26: ("京都", "kyoto", 350, 1358), 27: ("大阪", "osaka", 347, 1355),
    28: ("兵庫", "hyogo", 347, 1352), 29: ("奈良", "nara", 347, 1358), 30: ("和歌山", "wakayama", 342, 1352),
    31: ("鳥取", "tottori", 355, 1342), 32: ("島根", "shimane", 355, 1331), 33: ("岡山", "okayama", 347, 1339),
    34: ("広島", "hiroshima", 344, 1325), 35: ("山口", "yamaguchi", 342, 1315), 36: ("徳島", "tokushima", 341, 1346),
    37: ("香川", "kagawa", 343, 1340), 38: ("愛媛", "ehime", 338, 1328), 39: ("高知", "kochi", 336, 1335),
    40: ("福岡", "fukuoka", 336, 1304), 41: ("佐賀", "saga", 332, 1303), 42: ("長崎", "nagasaki", 328, 1299),
    43: ("熊本", "kumamoto", 328, 1307), 44: ("大分", "oita", 332, 1316), 45: ("宮崎", "miyazaki", 319, 1314),
    46: ("鹿児島", "kagoshima", 316, 1306), 47: ("沖縄", "okinawa", 262, 1277),
}  # fmt: skip
_BY_NAME = {name: code for code, names in PREFECTURES.items() for name in names[:2]}
_LATIN = str.maketrans("āēīōūâêîôû", "aeiouaeiou")
_EARTH_KM = 6371
# Where nothing better is known: elsewhere in one country, and in another.
SOMEWHERE_KM, ABROAD_KM = 800, 8000


def code_of(region: str) -> int | None:
    """The prefecture that a region's name or code means (東京都, Tokyo, Tōkyō-to, JP-13); None where it is none."""
    text = region.strip().lower().translate(_LATIN)
    number = text.removeprefix("jp-")
    if number.isdecimal() and int(number) in PREFECTURES:
        return int(number)
    for ending in ("", "都", "府", "県", "-to", "-fu", "-ken", " prefecture"):
        found = _BY_NAME.get(text.removesuffix(ending).strip()) if text.endswith(ending) else None
        if found:
            return found
    return None


def km(one: tuple[str, str], other: tuple[str, str]) -> int:
    """About how far it is between two (country, region), in kilometres; 0 within one region."""
    if (one[0] or "JP").upper() != (other[0] or "JP").upper():
        return ABROAD_KM
    codes = code_of(one[1]), code_of(other[1])
    if codes[0] is None or codes[1] is None:
        return 0 if one[1] and one[1].strip().lower() == other[1].strip().lower() else SOMEWHERE_KM
    (_, _, north, east), (_, _, north2, east2) = PREFECTURES[codes[0]], PREFECTURES[codes[1]]
    half = sin(radians(north2 - north) / 20) ** 2
    half += cos(radians(north / 10)) * cos(radians(north2 / 10)) * sin(radians(east2 - east) / 20) ** 2
    return round(2 * _EARTH_KM * asin(sqrt(half)))
