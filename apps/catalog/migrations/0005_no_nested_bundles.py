"""A component is never a bundle: with that no bundle contains itself, directly or through another. Both variants are locked
first, in one order, so that of two rivals the second sees the first."""

from django.db import migrations

SQL = """
CREATE FUNCTION catalog_refuse_nesting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM catalog_variant WHERE id IN (NEW.bundle_id, NEW.variant_id) ORDER BY id FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM catalog_component WHERE bundle_id = NEW.variant_id OR variant_id = NEW.bundle_id) THEN
        RAISE EXCEPTION 'a component of a bundle cannot be a bundle itself'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'catalog_no_nested_bundle', TABLE = 'catalog_component';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_nesting BEFORE INSERT OR UPDATE ON catalog_component
    FOR EACH ROW EXECUTE FUNCTION catalog_refuse_nesting();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_bundles")]
    operations = [
        migrations.RunSQL(
            SQL, reverse_sql="DROP TRIGGER no_nesting ON catalog_component; DROP FUNCTION catalog_refuse_nesting();"
        )
    ]
