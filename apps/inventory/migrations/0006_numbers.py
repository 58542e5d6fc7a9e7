"""Numbers of purchase orders and transfers come from sequences: unique without a lock, rising, with gaps after a roll-back."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_purchasing")]
    operations = [
        migrations.RunSQL(
            f"CREATE SEQUENCE inventory_{name}_number START 1001",
            reverse_sql=f"DROP SEQUENCE inventory_{name}_number",
        )
        for name in ("purchase", "transfer")
    ]
