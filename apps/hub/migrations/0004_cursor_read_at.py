from datetime import UTC, datetime

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("hub", "0003_lapsed")]

    operations = [
        migrations.AddField(
            model_name="cursor",
            name="read_at",
            field=models.DateTimeField(default=datetime(1970, 1, 1, tzinfo=UTC)),
            preserve_default=False,
        ),
        migrations.AddField(model_name="cursor", name="looks", field=models.PositiveBigIntegerField(default=0)),
    ]
