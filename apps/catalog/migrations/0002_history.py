

import apps.core.ids
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0001_initial'),
        ('core', '0002_history'),
        ('ledger', '0003_chart'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='PriceEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, serialize=False)),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('amount', models.DecimalField(decimal_places=6, max_digits=18, verbose_name='amount')),
                ('includes_tax', models.BooleanField(default=True, verbose_name='includes tax')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ProductEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, serialize=False)),
                ('title', models.CharField(max_length=255, verbose_name='title')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='VariantEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, serialize=False)),
                ('sku', models.CharField(max_length=64, verbose_name='SKU')),
                ('barcode', models.CharField(blank=True, max_length=32, verbose_name='barcode')),
                ('title', models.CharField(max_length=255, verbose_name='title')),
                ('weight_g', models.PositiveIntegerField(blank=True, null=True, verbose_name='weight (g)')),
                ('origin_country', models.CharField(blank=True, max_length=2, verbose_name='country of origin')),
                ('hs_code', models.CharField(blank=True, max_length=10, verbose_name='HS code')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='price',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "catalog_priceevent" ("amount", "currency", "id", "includes_tax", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "variant_id") VALUES (OLD."amount", OLD."currency", OLD."id", OLD."includes_tax", _pgh_attach_context(), NOW(), \'update\', OLD."id", OLD."variant_id"); RETURN NULL;', hash='2706f63b29bb677124566042e4f138360ba6454a', operation='UPDATE', pgid='pgtrigger_update_update_5a6c7', table='catalog_price', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='price',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "catalog_priceevent" ("amount", "currency", "id", "includes_tax", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "variant_id") VALUES (OLD."amount", OLD."currency", OLD."id", OLD."includes_tax", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."variant_id"); RETURN NULL;', hash='13593f74101650d76f0bfc4ebd710381b6e17e7f', operation='DELETE', pgid='pgtrigger_delete_delete_d273e', table='catalog_price', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='product',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "catalog_productevent" ("brand_id", "id", "is_active", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "title") VALUES (OLD."brand_id", OLD."id", OLD."is_active", _pgh_attach_context(), NOW(), \'update\', OLD."id", OLD."title"); RETURN NULL;', hash='8d20cc78bf73785df25b44ab8dca2892d640dbe2', operation='UPDATE', pgid='pgtrigger_update_update_580c5', table='catalog_product', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='product',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "catalog_productevent" ("brand_id", "id", "is_active", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "title") VALUES (OLD."brand_id", OLD."id", OLD."is_active", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."title"); RETURN NULL;', hash='0d0c5f6c349a988d2e59518b532645b53125bf42', operation='DELETE', pgid='pgtrigger_delete_delete_a763a', table='catalog_product', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='variant',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "catalog_variantevent" ("barcode", "hs_code", "id", "is_active", "origin_country", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "product_id", "sku", "tax_code_id", "title", "weight_g") VALUES (OLD."barcode", OLD."hs_code", OLD."id", OLD."is_active", OLD."origin_country", _pgh_attach_context(), NOW(), \'update\', OLD."id", OLD."product_id", OLD."sku", OLD."tax_code_id", OLD."title", OLD."weight_g"); RETURN NULL;', hash='6b33630df6d597582aef25eed8b45ad880333160', operation='UPDATE', pgid='pgtrigger_update_update_ee635', table='catalog_variant', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='variant',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "catalog_variantevent" ("barcode", "hs_code", "id", "is_active", "origin_country", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "product_id", "sku", "tax_code_id", "title", "weight_g") VALUES (OLD."barcode", OLD."hs_code", OLD."id", OLD."is_active", OLD."origin_country", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."product_id", OLD."sku", OLD."tax_code_id", OLD."title", OLD."weight_g"); RETURN NULL;', hash='ed1623fb915857c41a568b8e767212b1118239aa', operation='DELETE', pgid='pgtrigger_delete_delete_6039e', table='catalog_variant', when='AFTER')),
        ),
        migrations.AddField(
            model_name='priceevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='priceevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='edits', related_query_name='edits', to='catalog.price'),
        ),
        migrations.AddField(
            model_name='priceevent',
            name='variant',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='catalog.variant', verbose_name='variant'),
        ),
        migrations.AddField(
            model_name='productevent',
            name='brand',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.brand', verbose_name='brand'),
        ),
        migrations.AddField(
            model_name='productevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='productevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='edits', related_query_name='edits', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='variantevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='variantevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='edits', related_query_name='edits', to='catalog.variant'),
        ),
        migrations.AddField(
            model_name='variantevent',
            name='product',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='catalog.product', verbose_name='product'),
        ),
        migrations.AddField(
            model_name='variantevent',
            name='tax_code',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='ledger.taxcode', verbose_name='tax code'),
        ),
    ]
