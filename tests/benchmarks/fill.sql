-- A shop that has traded for long, in sets: %(count)s orders of %(lines)s lines, each with all its rows, in the shape that the
-- stories leave. Closed orders have left the shelf; open ones hold their units. `skus` are the articles, taken in turn.
WITH sale AS MATERIALIZED (
    SELECT n, uuidv7() AS id, uuidv7() AS customer, uuidv7() AS address,
        %(now)s::timestamptz - make_interval(mins => (%(count)s - n)::int) AS at
    FROM generate_series(1, %(count)s) n
), article AS MATERIALIZED (
    SELECT v.sku, v.id, l.id AS level, row_number() OVER (ORDER BY v.sku) - 1 AS place
    FROM catalog_variant v JOIN inventory_stocklevel l ON l.variant_id = v.id
    WHERE v.sku = ANY(%(skus)s) AND l.on_hand > 1000
), line AS MATERIALIZED (
    SELECT s.n, s.id AS order_id, s.at, k AS number, uuidv7() AS id, uuidv7() AS demand, a.sku, a.id AS variant, a.level,
        1 + (s.n + k) %% 3 AS units
    FROM sale s CROSS JOIN generate_series(1, %(lines)s) k
    JOIN article a ON a.place = (s.n * 7 + k) %% (SELECT count(*) FROM article)
), owed AS (
    SELECT order_id, sum(units) * 1100 AS minor FROM line GROUP BY order_id
), customer AS (
    INSERT INTO customers_customer (:rest, id, brand_id, name, email, locale, created_at)
    SELECT :nothing, customer, %(brand)s, 'Old ' || n, %(word)s || n || '@example.com', 'ja', at FROM sale
), address AS (
    INSERT INTO customers_address (:rest, id, customer_id, name, postal_code, country, region, city, line1)
    SELECT :nothing, address, customer, 'Old ' || n, '150-0001', 'JP', '東京都', '渋谷区', '神宮前' || n FROM sale
), placed AS (
    INSERT INTO orders_order (:rest, id, brand_id, number, channel_id, external_number, source_version, customer_id,
        ship_to_id, placed_at, taken_at, ship_by, currency, items_minor, tax_minor, tax_computed_minor, total_minor,
        payment_method, lifecycle, payment, allocation, fulfilment)
    SELECT :nothing, s.id, %(brand)s, %(word)s || n, %(channel)s, '#' || %(word)s || n, 1, s.customer, s.address, s.at, s.at,
        s.at + interval '2 days', 'JPY', o.minor, o.minor / 11, o.minor / 11, o.minor, 'card',
        CASE WHEN %(is_closed)s THEN 'closed' ELSE 'open' END, CASE WHEN %(is_closed)s THEN 'paid' ELSE 'authorised' END,
        'full', CASE WHEN %(is_closed)s THEN 'delivered' ELSE 'unfulfilled' END
    FROM sale s JOIN owed o ON o.order_id = s.id
), lines AS (
    INSERT INTO orders_orderline (:rest, id, order_id, number, kind, variant_id, sku, title, quantity, shipped, unit_price,
        total_minor, tax_code, tax_rate_bp, tax_minor)
    SELECT :nothing, id, order_id, number, 'item', variant, sku, 'Article ' || sku, units,
        CASE WHEN %(is_closed)s THEN units ELSE 0 END, 1100, units * 1100, 'standard', 1000, units * 100 FROM line
), ids AS (
    INSERT INTO hub_externalid (id, connection_id, kind, external_id, subject)
    SELECT uuidv7(), %(channel)s, 'order', %(word)s || n, id FROM sale
), demands AS (
    INSERT INTO inventory_demand (:rest, id, level_id, kind, subject, "group", holder, quantity, allocated, shipped, arrived_at)
    SELECT :nothing, demand, level, 'order_line', id, order_id, %(channel)s, units,
        CASE WHEN %(is_closed)s THEN 0 ELSE units END, CASE WHEN %(is_closed)s THEN units ELSE 0 END, at FROM line
), promised AS (
    INSERT INTO inventory_stockmovement (:rest, id, level_id, at, kind, on_hand, reserved, value_minor, source_kind, source_id,
        part, actor)
    SELECT :nothing, uuidv7(), level, at, 'allocation', 0, units, 0, 'demand', demand, '', 'intake' FROM line
    UNION ALL
    SELECT :nothing, uuidv7(), level, at, 'shipment', -units, -units, -units * 100, 'demand', demand, '1', 'packing'
    FROM line WHERE %(is_closed)s
), shelves AS (
    UPDATE inventory_stocklevel l SET
        on_hand = l.on_hand - CASE WHEN %(is_closed)s THEN m.units ELSE 0 END,
        value_minor = l.value_minor - CASE WHEN %(is_closed)s THEN m.units * 100 ELSE 0 END,
        reserved = l.reserved + CASE WHEN %(is_closed)s THEN 0 ELSE m.units END
    FROM (SELECT level, sum(units) AS units FROM line GROUP BY level) m WHERE m.level = l.id
), moves AS (
    INSERT INTO core_statemove (:rest, id, kind, subject, axis, old, new, at, actor)
    SELECT :nothing, uuidv7(), 'orders.order', id, 'allocation', 'none', 'full', at, 'intake' FROM sale
), payments AS (
    INSERT INTO payments_payment (:rest, id, order_id, connection_id, method, provider_id, currency, expected_minor,
        authorised_minor, captured_minor, status, created_at)
    SELECT :nothing, uuidv7(), s.id, %(provider)s, 'card', 'pi_' || %(word)s || n, 'JPY', o.minor, o.minor,
        CASE WHEN %(is_closed)s THEN o.minor ELSE 0 END, CASE WHEN %(is_closed)s THEN 'captured' ELSE 'authorised' END,
        s.at FROM sale s JOIN owed o ON o.order_id = s.id
)
INSERT INTO hub_outboxfact (id, kind, subject, sequence, topic, at, detail, announced_at)
SELECT uuidv7(), 'order', id, 1, 'order.placed', at, '{}', at FROM sale
