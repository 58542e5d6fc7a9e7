"""The negative controls of `verify`: each rule broken past the application, by the owner, with the database's own guard
taken away. A breach names the invariant, how the check begins that must find it, and the statements.
"""

SHELF, LISTING, MOVEMENT, DEMAND = (
    "inventory_stocklevel",
    "channels_listing",
    "inventory_stockmovement",
    "inventory_demand",
)
SHEET = "inventory_stocktake"
ENTRY, EVENT, FACT, DELIVERY = "hub_inboxentry", "hub_inboxevent", "hub_outboxfact", "hub_delivery"
ORDER, LINE, PAYMENT, REFUND = "orders_order", "orders_orderline", "payments_payment", "payments_refund"
PAYOUT, MONEY, SHIPMENT, RUN = "reconciliation_payout", "reconciliation_moneyline", "shipping_shipment", "hub_jobrun"
GUARD = "append-only is guarded"
NEVER_OVER = f"ALTER TABLE {PAYMENT} DROP CONSTRAINT payments_never_over"
ADDS_UP = f"ALTER TABLE {MONEY} DROP CONSTRAINT reconciliation_line_adds_up"
MORE = "debit_minor = debit_minor + 1"


def twice(table, constraint):
    """A row again under another id, once the constraint that refuses it is gone."""
    columns = {
        MOVEMENT: "level_id, at, kind, on_hand, safety, damaged, quality_control, expired, reserved, leased, incoming,"
        " value_minor, source_kind, source_id, part, reason, actor",
        EVENT: "entry_id, connection_id, event_id, topic, subject, said_at, received_at, part, sealed, status, due_at,"
        " attempts, is_alone, waits_for, reason, done_at",
        RUN: "job, period, due_at, started_at, finished_at, leased_until, token, progress, error",
        "ledger_entry": "at, day, event, rule_version, currency, source_kind, source_id, part, order_ref, memo",
    }[table]
    return (
        f"ALTER TABLE {table} DROP CONSTRAINT {constraint}",
        f"INSERT INTO {table} (id, {columns}) SELECT gen_random_uuid(), {columns} FROM {table} LIMIT 1",
    )


def free(table, statement):
    """A change of an append-only table, its trigger asleep."""
    return (f"ALTER TABLE {table} DISABLE TRIGGER append_only", statement)


BREACHES = [
    (
        "I1",
        "promised within",
        f"ALTER TABLE {SHELF} DROP CONSTRAINT inventory_never_oversold",
        f"UPDATE {SHELF} SET leased = 99",
    ),
    ("I1", "promises make", f"UPDATE {SHELF} SET backordered = backordered + 1"),
    (
        "I1",
        "sold for later",
        "INSERT INTO inventory_backorderpolicy (id, variant_id, choice, cap, is_open) SELECT gen_random_uuid(), l.variant_id,"
        f" 'backorder', 0, false FROM {DEMAND} d JOIN {SHELF} l ON l.id = d.level_id"
        " WHERE d.quantity > d.allocated + d.shipped + d.cancelled LIMIT 1",
        f"UPDATE {DEMAND} SET later = 1 WHERE quantity > allocated + shipped + cancelled",
    ),
    ("I1", "lots make", f"UPDATE {SHELF} SET on_hand = on_hand + 1, in_lots = 1"),
    (
        "I1",
        "movements make the units of a lot",
        "INSERT INTO inventory_lot (id, variant_id, number, is_serial) SELECT gen_random_uuid(), variant_id, 'L1', false"
        f" FROM {SHELF} LIMIT 1",
        "INSERT INTO inventory_lotlevel (id, level_id, lot_id, is_serial, units, expired)"
        f" SELECT gen_random_uuid(), l.id, o.id, false, 1, 0 FROM inventory_lot o JOIN {SHELF} l USING (variant_id) LIMIT 1",
    ),
    ("I1", "no free unit", f"UPDATE {SHELF} SET on_hand = on_hand + 5"),
    (
        "I1",
        "free units of one place",
        "INSERT INTO inventory_location (id, code, name, ship_from, is_active, is_default, ships_orders, parcel_minor)"
        " VALUES (gen_random_uuid(), 'b', 'B', '{}', true, false, true, 0)",
        f"INSERT INTO {SHELF} (id, variant_id, location_id, on_hand, safety, damaged, quality_control, expired, reserved,"
        " leased, in_lots, incoming, backordered, value_minor)"
        " SELECT gen_random_uuid(), l.variant_id, p.id, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0"
        f" FROM {SHELF} l, inventory_location p WHERE p.code = 'b' AND l.backordered > 0",
    ),
    ("I1", "leases make", f"UPDATE {SHELF} SET on_hand = on_hand + 1, leased = leased + 1"),
    (
        "I1",
        "a lease covers",
        "INSERT INTO channels_sellingpolicy (id, variant_id, choice, state, since)"
        f" SELECT gen_random_uuid(), variant_id, 'leased', 'leased', now() FROM {LISTING} WHERE shown > 0 LIMIT 1",
    ),
    (
        "I1",
        "a lease covers",
        f"INSERT INTO inventory_lease SELECT gen_random_uuid(), gen_random_uuid(), 1, id FROM {SHELF} LIMIT 1",
    ),
    ("I1", "shown within", f"UPDATE {LISTING} SET shown = 999"),
    ("I1", "a number is held", f"UPDATE {LISTING} SET is_held = true"),
    (
        "I1",
        "a number is held",
        "INSERT INTO hub_filerun (id, event_id, connection_id, name, kind, rows, next_row, taken, started_at, error, stopped,"
        " decision, decided_by, decided_why, stopped_at) SELECT gen_random_uuid(), id, connection_id, 'x', 'stock', 0, 0, 0,"
        f" now(), '', '{{}}', '', '', '', now() FROM {EVENT} WHERE status = 'done' LIMIT 1",
    ),
    ("I2", "movements sum", f"UPDATE {SHELF} SET value_minor = value_minor + 1 WHERE on_hand > 0"),
    ("I2", "each movement", *twice(MOVEMENT, "inventory_one_movement_a_cause")),
    ("I2", "a demand's", f"UPDATE {DEMAND} SET shipped = shipped - 1, cancelled = cancelled + 1 WHERE shipped > 0"),
    ("I2", "each line of a receipt", "UPDATE inventory_receiptline SET quantity = quantity + 1"),
    ("I2", "what is incoming", f"UPDATE {SHELF} SET incoming = incoming + 1"),
    ("I2", "what is incoming", "UPDATE inventory_purchaseorder SET state = 'cancelled'"),
    ("I2", "a purchase order", "UPDATE inventory_purchaseorderline SET received = received + 1"),
    ("I2", "a purchase order", "UPDATE inventory_purchaseorder SET state = 'ordered'"),
    ("I2", "surplus", "UPDATE inventory_surplus SET quantity = quantity + 99 WHERE state = 'kept'"),
    ("I2", "surplus", "UPDATE inventory_surplus SET decided_at = NULL"),
    ("I2", "a transfer's", "UPDATE inventory_transferline SET value_minor = value_minor + 1"),
    ("I2", "a transfer's", *free("inventory_transferstep", "DELETE FROM inventory_transferstep WHERE kind = 'lost'")),
    ("I2", "a row of a stocktake", f"UPDATE {SHEET}line SET counted = counted + 1"),
    ("I2", "a row of a stocktake", *free(f"{SHEET}entry", f"DELETE FROM {SHEET}entry WHERE kind = 'undone'")),
    ("I2", "differences of approved", f"UPDATE {SHEET} SET state = 'counted' WHERE state = 'approved'"),
    (
        "I2",
        "differences of approved",
        *free(MOVEMENT, f"UPDATE {MOVEMENT} SET source_id = gen_random_uuid() WHERE source_kind = 'stocktake'"),
    ),
    ("I2", "a difference is held", f"UPDATE {SHEET}line SET is_superseded = NOT is_superseded"),
    ("I2", "a difference is held", f"UPDATE {SHEET}line SET book = book + 1 WHERE NOT is_superseded"),
    (
        "I2",
        "a stocktake is approved",
        f"ALTER TABLE {SHEET} DROP CONSTRAINT inventory_stocktake_second_person",
        f"UPDATE {SHEET} SET decided_by = closed_by",
    ),
    ("I2", "a stocktake is approved", f"UPDATE {SHEET} SET counters = '{{}}'"),
    ("I2", GUARD, f"ALTER TABLE {MOVEMENT} DISABLE TRIGGER append_only"),
    ("I2", GUARD, f"GRANT UPDATE ON {MOVEMENT} TO kurogo_app"),
    ("I2", GUARD, f"DROP TRIGGER append_only ON {MOVEMENT}"),
    ("I4", "each body", f"UPDATE {ENTRY} SET digest = substr(digest, 2)"),
    ("I4", "each body", f"DELETE FROM {EVENT} WHERE event_id = 'notice-a'"),
    ("I4", "each event", *twice(EVENT, "hub_one_event")),
    ("I4", "an event is closed", f"UPDATE {EVENT} SET done_at = NULL WHERE event_id = 'notice-a'"),
    ("I4", "an event is closed", f"UPDATE {EVENT} SET status = 'waiting', done_at = NULL WHERE event_id = 'notice-a'"),
    (
        "I4",
        "what a source calls",
        "UPDATE hub_externalid SET subject = (SELECT id FROM orders_order LIMIT 1) WHERE kind = 'order'",
    ),
    ("I4", "what a source calls", "UPDATE hub_externalid SET subject = gen_random_uuid() WHERE kind = 'return'"),
    ("I4", "an answer", f"UPDATE {DELIVERY} SET status = 'unknown'"),
    ("I6", "an aggregate's", f"UPDATE {FACT} SET sequence = sequence + 1000"),
    ("I6", "a fact is announced", f"UPDATE {FACT} SET announced_at = NULL, at = at - interval '1 day'"),
    ("I6", "a call is made", f"UPDATE {DELIVERY} SET status = 'due', created_at = created_at - interval '9 days'"),
    (
        "I6",
        "what a notice hints at",
        f"UPDATE {EVENT} SET status = 'waiting', waits_for = 'fetch:order:1', received_at = received_at - interval '9 days'",
    ),
    ("I6", "a call has one key", f"UPDATE {DELIVERY} SET key = 'again.' || key"),
    (
        "I6",
        "a call has one key",
        f"UPDATE {DELIVERY} SET subject = (SELECT subject FROM {DELIVERY} LIMIT 1)",
    ),
    ("I6", "a call that was sent", f"UPDATE {DELIVERY} SET status = 'dead'"),
    ("I6", "a call that was sent", *free("hub_attempt", "DELETE FROM hub_attempt")),
    ("I10", "an order has lines", f"DELETE FROM {LINE}"),
    ("I10", "a line that wants", f"DELETE FROM {DEMAND} WHERE shipped > 0"),
    ("I10", "a line that wants", f"UPDATE {LINE} SET cancelled = cancelled - 1 WHERE cancelled > 0"),
    ("I10", "a line that wants", f"UPDATE {DEMAND} SET per_unit = 2 WHERE shipped > 0"),
    ("I10", "a demand belongs", f"UPDATE {DEMAND} SET subject = gen_random_uuid()"),
    ("I10", "an order was told", f"DELETE FROM {FACT} WHERE topic = 'order.placed'"),
    ("I10", "an order has its", "DELETE FROM hub_externalid"),
    ("I10", "an order with", f"DELETE FROM {PAYMENT}"),
    ("I10", "an order with", f"UPDATE {PAYMENT} SET expected_minor = expected_minor + 1"),
    ("I11", "lines add up", f"UPDATE {LINE} SET total_minor = total_minor + 1"),
    (
        "I11",
        "lines add up",
        f"ALTER TABLE {ORDER} DROP CONSTRAINT orders_total_adds_up",
        f"UPDATE {ORDER} SET total_minor = 1",
    ),
    (
        "I11",
        "no line's",
        f"ALTER TABLE {LINE} DROP CONSTRAINT orders_line_never_over",
        f"UPDATE {LINE} SET returned = shipped + 1",
    ),
    ("I11", "no line's", f"UPDATE {LINE} SET refunded_minor = total_minor + 1"),
    ("I11", "documents", f"UPDATE {LINE} SET returned = returned - 1 WHERE returned > 0"),
    (
        "I11",
        "no more is captured",
        NEVER_OVER,
        f"UPDATE {PAYMENT} SET refunded_minor = captured_minor + 1",
    ),
    ("I11", "no more is captured", f"UPDATE {PAYMENT} SET authorised_minor = 1"),
    ("I11", "refunds make", f"UPDATE {REFUND} SET amount_minor = amount_minor - 1"),
    (
        "I12",
        "an entry balances",
        *free("ledger_line", f"UPDATE ledger_line SET {MORE} WHERE debit_minor > 0"),
    ),
    ("I12", "an entry balances", *free("ledger_line", "DELETE FROM ledger_line")),
    ("I12", "a source is posted", *twice("ledger_entry", "ledger_one_entry_a_source")),
    (
        "I12",
        "what was captured",
        f"UPDATE {PAYMENT} SET captured_minor = captured_minor - 1 WHERE captured_minor > refunded_minor",
    ),
    ("I12", "what was given back", f"UPDATE {REFUND} SET status = 'requested'"),
    ("I12", "what was shipped", f"UPDATE {SHIPMENT} SET shipped_at = NULL"),
    (
        "I12",
        "a sale that ended without a parcel",
        f"UPDATE {LINE} SET kind = 'fee'",
        f"UPDATE {ORDER} SET lifecycle = 'closed'",
    ),
    ("I12", "a landed cost", *free("inventory_landedcost", "UPDATE inventory_landedcost SET amount_minor = 1")),
    (
        "I12",
        "a landed cost",
        *free(
            "inventory_landedpart",
            "UPDATE inventory_landedpart SET stock_minor = stock_minor - 1, amount_minor = amount_minor - 1",
        ),
    ),
    ("I12", "stock in the book", f"UPDATE {SHELF} SET value_minor = value_minor + 1 WHERE on_hand > 0"),
    ("I12", "stock in the book", "UPDATE inventory_transferline SET value_minor = value_minor + 1"),
    (
        "I12",
        "on every day",
        *free(MOVEMENT, f"UPDATE {MOVEMENT} SET at = at - interval '3 days' WHERE value_minor > 0"),
    ),
    ("I12", GUARD, "ALTER TABLE ledger_line DISABLE TRIGGER append_only"),
    ("I13", "a payout is its lines", f"UPDATE {PAYOUT} SET amount_minor = amount_minor + 1"),
    ("I13", "a payout is its lines", *free(MONEY, f"DELETE FROM {MONEY}")),
    ("I13", "every amount is matched", f"UPDATE {PAYOUT} SET amount_minor = amount_minor + 1"),
    ("I13", "every amount is matched", *free(MONEY, f"UPDATE {MONEY} SET payment_ref = NULL")),
    (
        "I13",
        "the fees of a payout",
        *free("ledger_line", f"UPDATE ledger_line SET {MORE} WHERE account_id = 'payment_fees'"),
    ),
    (
        "I13",
        "a line of a provider",
        ADDS_UP,
        *free(MONEY, f"UPDATE {MONEY} SET fee_minor = 0"),
    ),
    ("I13", "a payout that was read", f"UPDATE {PAYOUT} SET id = gen_random_uuid()"),
    (
        "I14",
        "a move follows",
        *free("core_statemove", "UPDATE core_statemove SET new = 'lost' WHERE axis = 'allocation'"),
    ),
    (
        "I2",
        "the causes of a stock difference",
        "INSERT INTO reconciliation_difference (id, kind, connection_id, thing, period, state, currency, unexplained_minor,"
        " evidence, found_at, assignee, closed_by, note) SELECT gen_random_uuid(), 'stock_drift', id, 'i-CUP', '2026-11-22',"
        " 'repaired', '', 0, '{\"ours\": 5, \"theirs\": 8, \"causes\": []}', now(), '', '', '' FROM hub_connection LIMIT 1",
    ),
    ("I14", "a move follows", *free("core_statemove", "UPDATE core_statemove SET actor = ''")),
    ("I14", "moves lead", *free("core_statemove", "DELETE FROM core_statemove WHERE new = 'authorised'")),
    ("I14", "moves lead", f"UPDATE {ORDER} SET lifecycle = 'closed' WHERE lifecycle = 'open'"),
    ("I14", "the allocation axis", f"UPDATE {ORDER} SET allocation = 'partial'"),
    ("I14", "the fulfilment axis", f"UPDATE {ORDER} SET fulfilment = 'shipped' WHERE fulfilment = 'unfulfilled'"),
    ("I14", "the fulfilment axis", f"UPDATE {SHIPMENT} SET status = 'shipped'"),
    ("I14", "a line has shipped", "UPDATE shipping_shipmentline SET quantity = quantity + 1"),
    ("I14", "a parcel has left", f"UPDATE {SHIPMENT} SET status = 'planned'"),
    ("I14", "the payment axis", f"UPDATE {ORDER} SET payment = 'paid'"),
    ("I14", "a payment's status", f"UPDATE {PAYMENT} SET status = 'expected'"),
    ("I14", "an order is on hold", f"UPDATE {ORDER} SET is_held = true"),
    ("I14", "nothing is promised", f"UPDATE {ORDER} SET lifecycle = 'cancelled'"),
    ("I15", "a period has one", *twice(RUN, "hub_one_run_a_period")),
    (
        "I15",
        "no period is missing",
        f"DELETE FROM {RUN} WHERE period = (SELECT period FROM {RUN} ORDER BY 1 OFFSET 1 LIMIT 1)",
    ),
    ("I15", "a run ends", f"UPDATE {RUN} SET finished_at = NULL, due_at = due_at - interval '9 days'"),
    ("I17", "the audit trail is whole", *free("core_auditentry", "UPDATE core_auditentry SET actor = 'somebody else'")),
]
