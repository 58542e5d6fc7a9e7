-- The whole story of a sale in one statement of hand-written SQL: the same rows, indexes, checks and decision, no Python.
-- What ours is measured against. Kept in a function, so that its plan is made once; `sold` is a JSON array of sales in order
-- of arrival. Who gets units: first come, first served, each up to what is left, which a running sum says exactly.
CREATE OR REPLACE FUNCTION bench_place(source uuid, house uuid, provider uuid, at timestamptz, sold jsonb) RETURNS int
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    placed int;
BEGIN
WITH draft AS MATERIALIZED (
    SELECT uuidv7() AS id, d.* FROM ROWS FROM (jsonb_to_recordset(sold) AS (
        external_id text, number text, version bigint, placed_at timestamptz, currency text, total_minor bigint,
        method text, method_raw text, note text, email text, name text, kana text, phone text, locale text,
        address jsonb, lines jsonb)) WITH ORDINALITY AS d(external_id, number, version, placed_at, currency, total_minor,
        method, method_raw, note, email, name, kana, phone, locale, address, lines, place)
), claimed AS (
    INSERT INTO hub_externalid (id, connection_id, kind, external_id, subject)
    SELECT uuidv7(), source, 'order', external_id, id FROM draft
    ON CONFLICT DO NOTHING RETURNING subject
), fresh AS MATERIALIZED (
    SELECT d.* FROM draft d JOIN claimed c ON c.subject = d.id
), company AS (
    SELECT order_prefix, make_interval(days => ships_within_days) AS within FROM core_company
), known AS MATERIALIZED (
    SELECT f.id, c.id AS customer FROM fresh f, LATERAL (SELECT k.id FROM customers_customer k
        WHERE k.brand_id = house AND k.email = f.email AND k.email <> '' OFFSET 0) c  -- one by one: nothing is analysed yet
), stranger AS MATERIALIZED (
    SELECT uuidv7() AS customer, email, min(place) AS first FROM fresh
    WHERE id NOT IN (SELECT id FROM known) GROUP BY email
), new_customer AS (
    INSERT INTO customers_customer (:rest, id, brand_id, name, kana, email, phone, locale, created_at)
    SELECT :nothing, s.customer, house, f.name, f.kana, f.email, f.phone, f.locale, at
    FROM stranger s JOIN fresh f ON f.place = s.first
), owner AS MATERIALIZED (
    SELECT id, customer FROM known UNION ALL
    SELECT f.id, s.customer FROM fresh f JOIN stranger s ON s.email = f.email
), written AS MATERIALIZED (
    SELECT f.id, f.place, o.customer, a.* FROM fresh f JOIN owner o ON o.id = f.id,
        jsonb_to_record(f.address) AS a(name text, company text, postal_code text, country text, region text, city text,
        line1 text, line2 text, phone text)
), kept AS MATERIALIZED (
    SELECT w.id, a.id AS address FROM written w, LATERAL (SELECT * FROM customers_address h
        WHERE h.customer_id = w.customer OFFSET 0) a
    WHERE (a.name, a.company, a.postal_code, a.country, a.region, a.city, a.line1, a.line2, a.phone)
          = (w.name, w.company, w.postal_code, w.country, w.region, w.city, w.line1, w.line2, w.phone)
), unkept AS MATERIALIZED (
    SELECT uuidv7() AS address, w.customer, min(w.place) AS first FROM written w
    WHERE w.id NOT IN (SELECT id FROM kept)
    GROUP BY customer, name, company, postal_code, country, region, city, line1, line2, phone
), new_address AS (
    INSERT INTO customers_address (id, customer_id, name, company, postal_code, country, region, city, line1, line2, phone)
    SELECT u.address, u.customer, w.name, w.company, w.postal_code, w.country, w.region, w.city, w.line1, w.line2, w.phone
    FROM unkept u JOIN written w ON w.place = u.first
), home AS MATERIALIZED (
    SELECT id, address FROM kept UNION ALL
    SELECT w.id, u.address FROM written w JOIN written f ON (w.customer, w.name, w.company, w.postal_code, w.country,
        w.region, w.city, w.line1, w.line2, w.phone) = (f.customer, f.name, f.company, f.postal_code, f.country, f.region,
        f.city, f.line1, f.line2, f.phone) JOIN unkept u ON u.first = f.place AND u.customer = w.customer
), line AS MATERIALIZED (
    SELECT uuidv7() AS id, f.id AS order_id, f.place, l.*, v.id AS variant, coalesce(v.tax_code_id, 'standard') AS tax_code,
        coalesce(l.tax_rate_bp, (SELECT r.rate_bp FROM ledger_taxrate r
            WHERE r.tax_code_id = coalesce(v.tax_code_id, 'standard') AND r.country = 'JP'
              AND r.from_day <= (f.placed_at AT TIME ZONE 'Asia/Tokyo')::date ORDER BY r.from_day DESC LIMIT 1)) AS rate_bp
    FROM fresh f, jsonb_to_recordset(f.lines) AS l(number int, kind text, external_id text, sku text, title text,
        quantity int, unit_price numeric, total_minor bigint, tax_rate_bp int, tax_minor bigint)
    LEFT JOIN catalog_variant v ON v.sku = l.sku AND l.kind = 'item'
), sums AS MATERIALIZED (
    SELECT order_id, sum(minor) FILTER (WHERE kind = 'item') AS items,
        coalesce(sum(minor) FILTER (WHERE kind IN ('shipping', 'fee')), 0) AS charges,
        coalesce(sum(minor) FILTER (WHERE kind = 'discount'), 0) AS discount, sum(tax) AS tax,
        sum(minor) AS total
    FROM (SELECT order_id, kind, sum(total_minor) AS minor, sum(coalesce(tax_minor, 0)) AS tax
          FROM line GROUP BY order_id, kind) k GROUP BY order_id
), computed AS (
    SELECT order_id, sum(trunc(minor * rate_bp / (10000 + rate_bp))) AS tax FROM (
        SELECT order_id, rate_bp, sum(total_minor)::numeric AS minor FROM line GROUP BY order_id, rate_bp) r
    GROUP BY order_id
), shelf AS MATERIALIZED (
    SELECT l.id, l.variant_id, :free(l) AS free
    FROM inventory_stocklevel l JOIN inventory_location p ON p.id = l.location_id AND p.is_default AND p.is_active
    WHERE l.variant_id IN (SELECT variant FROM line) ORDER BY l.id FOR NO KEY UPDATE OF l
), wanted AS MATERIALIZED (
    SELECT uuidv7() AS demand, w.*, greatest(0, least(w.quantity, w.free - w.before)) AS given FROM (
        SELECT i.id AS line, i.order_id, i.variant, i.quantity, s.id AS level, s.free,
            coalesce(sum(i.quantity) OVER (PARTITION BY s.id ORDER BY i.place, i.number
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM line i JOIN shelf s ON s.variant_id = i.variant WHERE i.quantity > 0) w
), got AS MATERIALIZED (
    SELECT order_id, sum(quantity) AS wanted, sum(given) AS given FROM wanted GROUP BY order_id
), new_order AS (
    INSERT INTO orders_order (:rest, id, brand_id, number, channel_id, external_number, source_version, customer_id,
        ship_to_id, placed_at, taken_at, ship_by, currency, items_minor, charges_minor, discount_minor, tax_minor,
        tax_computed_minor, total_minor, payment_method, payment_raw, payment, allocation, was_short, customer_note)
    SELECT :nothing, f.id, house, c.order_prefix || lpad(nextval('orders_number')::text, 6, '0'), source, f.number,
        f.version, o.customer, h.address, f.placed_at, at, f.placed_at + c.within, f.currency, s.items, s.charges, s.discount,
        s.tax, t.tax, s.total, f.method, f.method_raw, CASE f.method WHEN 'cod' THEN 'on_delivery' ELSE 'unpaid' END,
        CASE WHEN g.given >= g.wanted THEN 'full' WHEN g.given > 0 THEN 'partial' ELSE 'none' END,
        g.given < g.wanted, f.note
    FROM fresh f JOIN owner o ON o.id = f.id JOIN home h ON h.id = f.id JOIN sums s ON s.order_id = f.id
        JOIN computed t ON t.order_id = f.id JOIN got g ON g.order_id = f.id, company c
    WHERE s.total = f.total_minor
    RETURNING id, number, total_minor, currency, payment_method, allocation
), new_line AS (
    INSERT INTO orders_orderline (:rest, id, order_id, number, kind, external_id, variant_id, sku, title, quantity,
        unit_price, total_minor, tax_code, tax_rate_bp, tax_minor)
    SELECT :nothing, id, order_id, number, kind, external_id, variant, sku, title, quantity, unit_price, total_minor,
        tax_code, rate_bp, tax_minor FROM line
), new_demand AS (
    INSERT INTO inventory_demand (:rest, id, level_id, kind, subject, "group", holder, quantity, allocated, arrived_at)
    SELECT :nothing, demand, level, 'order_line', line, order_id, source, quantity, given, at FROM wanted
), moved AS (
    INSERT INTO inventory_stockmovement (:rest, id, level_id, at, kind, reserved, source_kind, source_id, actor)
    SELECT :nothing, uuidv7(), level, at, 'allocation', given, 'demand', demand, 'intake' FROM wanted
    WHERE given > 0
), taken AS (
    UPDATE inventory_stocklevel l SET reserved = l.reserved + w.given, backordered = l.backordered + w.waiting
    FROM (SELECT level, sum(given) AS given, sum(quantity - given) AS waiting FROM wanted GROUP BY level) w WHERE l.id = w.level
), stepped AS (
    INSERT INTO core_statemove (:rest, id, kind, subject, axis, old, new, at, actor)
    SELECT :nothing, uuidv7(), 'orders.order', id, 'allocation', 'none', allocation, at, 'intake' FROM new_order
    WHERE allocation <> 'none'
), expected AS (
    INSERT INTO payments_payment (:rest, id, order_id, connection_id, method, currency, expected_minor, created_at)
    SELECT :nothing, uuidv7(), id, provider, payment_method, currency, total_minor, at FROM new_order
    WHERE total_minor > 0
), listed AS MATERIALIZED (
    SELECT l.id, w.units FROM channels_listing l JOIN (
        SELECT variant, sum(quantity)::int AS units FROM line WHERE variant IS NOT NULL GROUP BY variant) w
        ON w.variant = l.variant_id WHERE l.connection_id = source ORDER BY l.id FOR NO KEY UPDATE OF l
), lowered AS (
    UPDATE channels_listing l SET shown = l.shown - d.units, is_dirty = true FROM listed d
    WHERE l.id = d.id AND l.shown IS NOT NULL
), told AS (
    INSERT INTO hub_outboxfact (:rest, id, kind, subject, sequence, topic, at, detail)
    SELECT :nothing, uuidv7(), 'order', id, 1, 'order.placed', at, jsonb_build_object('order', id, 'number', number, 'total_minor',
        total_minor, 'currency', currency) FROM new_order
    UNION ALL SELECT :nothing, uuidv7(), 'stock', uuidv7(), 1, 'stock.changed', at, jsonb_build_object('variants',
        (SELECT jsonb_agg(DISTINCT variant) FROM wanted WHERE given > 0)) WHERE EXISTS (SELECT 1 FROM wanted WHERE given > 0)
), woken AS (
    UPDATE hub_inboxevent SET status = 'new', due_at = at, waits_for = '' WHERE status = 'waiting' AND waits_for IN (
        SELECT 'order:' || number FROM fresh UNION ALL SELECT 'order:' || external_id FROM fresh
        UNION ALL SELECT 'order:' || number FROM new_order)
)
SELECT count(*) INTO placed FROM new_order;
IF placed <> (SELECT count(*) FROM jsonb_array_elements(sold)) THEN
    RAISE 'a sale was known, or does not add up';
END IF;
RETURN placed;
END $$;
