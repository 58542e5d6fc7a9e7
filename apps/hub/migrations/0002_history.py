

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0002_history'),
        ('hub', '0001_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='ConnectionEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('connector', models.CharField(max_length=40, verbose_name='connector')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('settings', models.JSONField(blank=True, default=dict, verbose_name='settings')),
                ('status', models.CharField(choices=[('active', 'active'), ('paused', 'paused'), ('needs_reconnect', 'reconnect needed')], default='active', max_length=20, verbose_name='status')),
                ('paused_abilities', models.JSONField(blank=True, default=list, verbose_name='paused capabilities')),
                ('silent_after_hours', models.PositiveSmallIntegerField(default=26, verbose_name='counts as silent after (hours)')),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='connection',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."brand_id" IS DISTINCT FROM (NEW."brand_id") OR OLD."connector" IS DISTINCT FROM (NEW."connector") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."paused_abilities" IS DISTINCT FROM (NEW."paused_abilities") OR OLD."settings" IS DISTINCT FROM (NEW."settings") OR OLD."silent_after_hours" IS DISTINCT FROM (NEW."silent_after_hours") OR OLD."status" IS DISTINCT FROM (NEW."status"))', func='INSERT INTO "hub_connectionevent" ("brand_id", "connector", "name", "paused_abilities", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "settings", "silent_after_hours", "status") VALUES (OLD."brand_id", OLD."connector", OLD."name", OLD."paused_abilities", _pgh_attach_context(), NOW(), \'update\', OLD."id", OLD."settings", OLD."silent_after_hours", OLD."status"); RETURN NULL;', hash='f41a404e4580212eba24d1091ed61f461016607b', operation='UPDATE', pgid='pgtrigger_update_update_e362a', table='hub_connection', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='connection',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "hub_connectionevent" ("brand_id", "connector", "name", "paused_abilities", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "settings", "silent_after_hours", "status") VALUES (OLD."brand_id", OLD."connector", OLD."name", OLD."paused_abilities", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."settings", OLD."silent_after_hours", OLD."status"); RETURN NULL;', hash='0ae287811d2efd1b76a584d652e5ae0345880d1e', operation='DELETE', pgid='pgtrigger_delete_delete_58237', table='hub_connection', when='AFTER')),
        ),
        migrations.AddField(
            model_name='connectionevent',
            name='brand',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.brand', verbose_name='brand'),
        ),
        migrations.AddField(
            model_name='connectionevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='connectionevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='edits', related_query_name='edits', to='hub.connection'),
        ),
    ]
