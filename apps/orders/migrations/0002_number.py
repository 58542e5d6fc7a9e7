"""Our own order numbers come from a sequence: unique without a lock, rising, with gaps after a roll-back."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE orders_number START 100001", reverse_sql="DROP SEQUENCE orders_number")
    ]
