from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("shipping", "0003_for_screens"),
    ]

    operations = [
        migrations.AddField(
            model_name="shipment",
            name="leaves_by_itself",
            field=models.BooleanField(default=False, verbose_name="leaves with its label"),
        ),
    ]
