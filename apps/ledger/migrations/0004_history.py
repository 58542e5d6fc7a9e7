

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0003_chart'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='PostingRuleEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('event', models.CharField(max_length=60, verbose_name='event')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('from_day', models.DateField(verbose_name='from')),
                ('lines', models.JSONField(verbose_name='lines')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='TaxRateEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('country', models.CharField(max_length=2, verbose_name='country')),
                ('rate_bp', models.PositiveIntegerField(verbose_name='rate (basis points)')),
                ('from_day', models.DateField(verbose_name='from')),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='postingrule',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "ledger_postingruleevent" ("event", "from_day", "id", "lines", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "version") VALUES (OLD."event", OLD."from_day", OLD."id", OLD."lines", _pgh_attach_context(), NOW(), \'update\', OLD."id", OLD."version"); RETURN NULL;', hash='7c7b022fe69cc252796368157811e05fb9c9cfbd', operation='UPDATE', pgid='pgtrigger_update_update_6f39f', table='ledger_postingrule', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='postingrule',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "ledger_postingruleevent" ("event", "from_day", "id", "lines", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "version") VALUES (OLD."event", OLD."from_day", OLD."id", OLD."lines", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."version"); RETURN NULL;', hash='e94d1abadaf2a588942e900624a4bbc1f39f1894', operation='DELETE', pgid='pgtrigger_delete_delete_11feb', table='ledger_postingrule', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='taxrate',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "ledger_taxrateevent" ("country", "from_day", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate_bp", "tax_code_id") VALUES (OLD."country", OLD."from_day", OLD."id", _pgh_attach_context(), NOW(), \'update\', OLD."id", OLD."rate_bp", OLD."tax_code_id"); RETURN NULL;', hash='240213df68d44c3f03d2bf57c48eb600bac63e8c', operation='UPDATE', pgid='pgtrigger_update_update_2c311', table='ledger_taxrate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='taxrate',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "ledger_taxrateevent" ("country", "from_day", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate_bp", "tax_code_id") VALUES (OLD."country", OLD."from_day", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."rate_bp", OLD."tax_code_id"); RETURN NULL;', hash='a6ef59a6c79cde731fb86999de25c7b98b6c80f3', operation='DELETE', pgid='pgtrigger_delete_delete_273c7', table='ledger_taxrate', when='AFTER')),
        ),
        migrations.AddField(
            model_name='postingruleevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='postingruleevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='edits', related_query_name='edits', to='ledger.postingrule'),
        ),
        migrations.AddField(
            model_name='taxrateevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='taxrateevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='edits', related_query_name='edits', to='ledger.taxrate'),
        ),
        migrations.AddField(
            model_name='taxrateevent',
            name='tax_code',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='ledger.taxcode'),
        ),
    ]
