

import apps.core.ids
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0002_history'),
        ('inventory', '0001_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='LocationEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, serialize=False)),
                ('code', models.CharField(max_length=40, verbose_name='code')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('ship_from', models.JSONField(blank=True, default=dict, verbose_name='sender address')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('is_default', models.BooleanField(default=False, verbose_name='takes new orders')),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='location',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "inventory_locationevent" ("brand_id", "code", "id", "is_active", "is_default", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "ship_from") VALUES (OLD."brand_id", OLD."code", OLD."id", OLD."is_active", OLD."is_default", OLD."name", _pgh_attach_context(), NOW(), \'update\', OLD."id", OLD."ship_from"); RETURN NULL;', hash='d6cec871d11019b416a8b22ef466e751fa858707', operation='UPDATE', pgid='pgtrigger_update_update_33415', table='inventory_location', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='location',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "inventory_locationevent" ("brand_id", "code", "id", "is_active", "is_default", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "ship_from") VALUES (OLD."brand_id", OLD."code", OLD."id", OLD."is_active", OLD."is_default", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."ship_from"); RETURN NULL;', hash='f600845a107a6f9cece9b31676616e814568a957', operation='DELETE', pgid='pgtrigger_delete_delete_364ae', table='inventory_location', when='AFTER')),
        ),
        migrations.AddField(
            model_name='locationevent',
            name='brand',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.brand', verbose_name='brand'),
        ),
        migrations.AddField(
            model_name='locationevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='locationevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='edits', related_query_name='edits', to='inventory.location'),
        ),
    ]
