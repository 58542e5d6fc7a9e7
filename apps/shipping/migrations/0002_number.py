"""Shipment numbers come from a sequence; they travel to carriers as the natural key of a label."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shipping", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE shipping_number START 10000001", reverse_sql="DROP SEQUENCE shipping_number")
    ]
