"""The chart that a new installation starts with."""

from django.db import migrations

from apps.ledger.chart import ACCOUNTS, RULES, RULES_FROM, TAX_CODES, TAX_RATES


def fill(apps, schema_editor):
    account, tax_code, tax_rate, rule = (
        apps.get_model("ledger", name) for name in ("Account", "TaxCode", "TaxRate", "PostingRule")
    )
    account.objects.bulk_create(
        account(code=code, name_ja=ja, name_en=en, kind=kind) for code, ja, en, kind in ACCOUNTS
    )
    tax_code.objects.bulk_create(tax_code(code=code, name_ja=ja, name_en=en) for code, ja, en in TAX_CODES)
    tax_rate.objects.bulk_create(
        tax_rate(tax_code_id=code, country=country, rate_bp=bp, from_day=day) for code, country, bp, day in TAX_RATES
    )
    rule.objects.bulk_create(
        rule(event=event, version=1, from_day=RULES_FROM, lines=lines) for event, lines in RULES.items()
    )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_balance")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
