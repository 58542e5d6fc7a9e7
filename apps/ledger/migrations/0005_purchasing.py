"""Accounts and rules of purchasing, for houses that had their chart before."""

from django.db import migrations

from apps.ledger import chart


def fill(apps, schema_editor):
    chart.fill(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_history")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
