

import apps.core.ids
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0002_history'),
        ('customers', '0001_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='CustomerEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, serialize=False)),
                ('name', models.CharField(blank=True, max_length=160, verbose_name='name')),
                ('kana', models.CharField(blank=True, max_length=160, verbose_name='kana')),
                ('email', models.CharField(blank=True, max_length=254, verbose_name='e-mail')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='phone')),
                ('locale', models.CharField(blank=True, max_length=8, verbose_name='language')),
                ('marketing_allowed', models.BooleanField(default=False, verbose_name='may be sent advertising')),
                ('note', models.TextField(blank=True, verbose_name='note')),
                ('created_at', models.DateTimeField(verbose_name='first seen')),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "customers_customerevent" ("brand_id", "created_at", "email", "id", "kana", "locale", "marketing_allowed", "name", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone") VALUES (OLD."brand_id", OLD."created_at", OLD."email", OLD."id", OLD."kana", OLD."locale", OLD."marketing_allowed", OLD."name", OLD."note", _pgh_attach_context(), NOW(), \'update\', OLD."id", OLD."phone"); RETURN NULL;', hash='71c6be8faec591c56026314d0455e9bafce866a4', operation='UPDATE', pgid='pgtrigger_update_update_ca86d', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "customers_customerevent" ("brand_id", "created_at", "email", "id", "kana", "locale", "marketing_allowed", "name", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone") VALUES (OLD."brand_id", OLD."created_at", OLD."email", OLD."id", OLD."kana", OLD."locale", OLD."marketing_allowed", OLD."name", OLD."note", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."phone"); RETURN NULL;', hash='6d9b507944429086bcd38fd0a7b4365698b14668', operation='DELETE', pgid='pgtrigger_delete_delete_939ca', table='customers_customer', when='AFTER')),
        ),
        migrations.AddField(
            model_name='customerevent',
            name='brand',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.brand', verbose_name='brand'),
        ),
        migrations.AddField(
            model_name='customerevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='customerevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='edits', related_query_name='edits', to='customers.customer'),
        ),
    ]
