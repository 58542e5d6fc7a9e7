

import apps.core.ids
import apps.core.money
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='BrandEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, serialize=False)),
                ('code', models.SlugField(db_index=False, verbose_name='code')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('locale', models.CharField(default='ja', max_length=8, verbose_name='language of its mails')),
                ('mail_from', models.EmailField(blank=True, max_length=254, verbose_name='sender address')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CompanyEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, serialize=False)),
                ('only', models.BooleanField(default=True, editable=False)),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('registration_number', models.CharField(blank=True, max_length=14, verbose_name='registration number (T…)')),
                ('currency', models.CharField(default='JPY', max_length=3, verbose_name='home currency')),
                ('address', models.TextField(blank=True, verbose_name='address')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='phone')),
                ('rounding', models.CharField(choices=[('half_up', 'half_up'), ('down', 'down'), ('up', 'up')], default=apps.core.money.Rounding['DOWN'], max_length=10, verbose_name='rounding of tax')),
                ('ships_by_itself', models.BooleanField(default=False, help_text='Buys the label of every ready order at cut-off.', verbose_name='ship clean orders by itself')),
                ('order_prefix', models.CharField(default='KG-', max_length=8, verbose_name='prefix of order numbers')),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='brand',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_brandevent" ("code", "id", "locale", "mail_from", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."code", OLD."id", OLD."locale", OLD."mail_from", OLD."name", _pgh_attach_context(), NOW(), \'update\', OLD."id"); RETURN NULL;', hash='fcc42e869b0f470170d7f1952e1b5ae583f6024e', operation='UPDATE', pgid='pgtrigger_update_update_60465', table='core_brand', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='brand',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_brandevent" ("code", "id", "locale", "mail_from", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."code", OLD."id", OLD."locale", OLD."mail_from", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='3befe42d72f42b79d9f4350c18b574ce147b50bc', operation='DELETE', pgid='pgtrigger_delete_delete_d3c80', table='core_brand', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='company',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_companyevent" ("address", "currency", "id", "name", "only", "order_prefix", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "registration_number", "rounding", "ships_by_itself") VALUES (OLD."address", OLD."currency", OLD."id", OLD."name", OLD."only", OLD."order_prefix", _pgh_attach_context(), NOW(), \'update\', OLD."id", OLD."phone", OLD."registration_number", OLD."rounding", OLD."ships_by_itself"); RETURN NULL;', hash='75e93e5cf45e88a1d407a35e606b41845c8e6009', operation='UPDATE', pgid='pgtrigger_update_update_e169c', table='core_company', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='company',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_companyevent" ("address", "currency", "id", "name", "only", "order_prefix", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "registration_number", "rounding", "ships_by_itself") VALUES (OLD."address", OLD."currency", OLD."id", OLD."name", OLD."only", OLD."order_prefix", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."phone", OLD."registration_number", OLD."rounding", OLD."ships_by_itself"); RETURN NULL;', hash='affc6df2d02688c5acd30e13da65cede750944b0', operation='DELETE', pgid='pgtrigger_delete_delete_2abd6', table='core_company', when='AFTER')),
        ),
        migrations.AddField(
            model_name='brandevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='brandevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='edits', related_query_name='edits', to='core.brand'),
        ),
        migrations.AddField(
            model_name='companyevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='companyevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='edits', related_query_name='edits', to='core.company'),
        ),
    ]
