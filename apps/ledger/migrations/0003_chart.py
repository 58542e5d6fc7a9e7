"""The chart that a new installation starts with."""

from django.db import migrations

from apps.ledger import chart


def fill(apps, schema_editor):
    chart.fill(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_balance")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
