"""The abilities (permissions without a table) and the table of the shared cache (rate limits, used codes)."""

from django.db import migrations, models

from apps.staff.roles import ABILITIES


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Ability",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={
                "managed": False,
                "default_permissions": (),
                "permissions": [(ability, ability) for ability in ABILITIES],
                "verbose_name": "ability",
                "verbose_name_plural": "abilities",
            },
        ),
        migrations.RunSQL(
            # As `createcachetable` makes it, so that nobody has to call it.
            """
            CREATE TABLE IF NOT EXISTS staff_cache (
                cache_key varchar(255) NOT NULL PRIMARY KEY,
                value text NOT NULL,
                expires timestamp with time zone NOT NULL
            );
            CREATE INDEX IF NOT EXISTS staff_cache_expires ON staff_cache (expires);
            """,
            "DROP TABLE IF EXISTS staff_cache",
        ),
    ]
