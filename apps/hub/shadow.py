"""Shadow: a capability that may not write yet makes up its calls, and they come to rest unsent, to be looked at (X110).

The claim of `hub.delivery` passes them by, so that nothing can send them whatever happens here.
"""

from django.db import connection as database

from apps.core import clock
from apps.hub import abilities

# A call whose outcome is unknown was begun before the shadow fell: it is still settled.
_SHADOW = """
UPDATE hub_delivery AS d SET status = 'shadowed', done_at = %(now)s, reason = ''
FROM hub_connection c
WHERE c.id = d.connection_id AND c.shadowed_abilities <> '[]' AND c.status = 'active' AND d.status = 'due'
  AND d.due_at <= %(now)s AND d.leased_until IS NULL
  AND c.shadowed_abilities ? CASE d.operation {ability_of} END
""".replace("{ability_of}", " ".join(f"WHEN '{op}' THEN '{ability}'" for op, ability in abilities.ABILITY_OF.items()))


def settle_due() -> int:
    """Calls of capabilities in shadow come to rest unsent, with the words that would have been sent; how many did."""
    with database.cursor() as cursor:
        cursor.execute(_SHADOW, {"now": clock.now()})
        return int(cursor.rowcount)
