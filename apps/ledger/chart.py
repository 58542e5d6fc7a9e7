"""The chart of accounts, tax codes, dated rates and posting rules that a new installation starts with. Data, and its writing.

Money received goes through 前受金, so that neither the payment nor the shipment must
know of the other. A merchant may add later versions; a posted entry keeps the version it was posted with.
"""

from datetime import date

from django.apps.registry import Apps
from django.apps.registry import apps as registry

ACCOUNTS = [
    # code, Japanese, English, kind
    ("clearing", "売掛金", "Clearing (receivable from providers)", "asset"),
    ("cod_receivable", "売掛金（代引）", "Receivable from carriers (COD)", "asset"),
    ("in_transit", "入金未達", "Payouts in transit", "asset"),
    ("inventory", "商品", "Inventory", "asset"),
    ("advance", "前受金", "Advances received", "liability"),
    ("output_tax", "仮受消費税", "Output tax", "liability"),
    ("payable_goods", "買掛金", "Payable for goods", "liability"),
    ("payable_freight", "未払金（運賃）", "Payable for freight", "liability"),
    ("payable_landed", "未払金（諸掛）", "Payable for landed cost", "liability"),
    ("suspense", "仮勘定", "Suspense", "liability"),
    ("sales", "売上高", "Sales", "income"),
    ("returns", "売上値引・返品", "Returns and allowances", "income"),
    ("cogs", "売上原価", "Cost of goods sold", "expense"),
    ("shrinkage", "棚卸減耗損", "Shrinkage", "expense"),
    ("payment_fees", "支払手数料", "Payment fees", "expense"),
    ("freight", "荷造運賃", "Packing and freight", "expense"),
]

TAX_CODES = [
    ("standard", "標準税率", "Standard rate"),
    ("reduced", "軽減税率", "Reduced rate"),
    ("none", "対象外", "Out of scope"),
]

TAX_RATES = [
    # code, country, basis points, from
    ("standard", "JP", 800, date(2014, 4, 1)),
    ("standard", "JP", 1000, date(2019, 10, 1)),
    ("reduced", "JP", 800, date(2019, 10, 1)),
    ("none", "JP", 0, date(1989, 4, 1)),
    ("standard", "GB", 1750, date(2010, 1, 1)),
    ("standard", "GB", 2000, date(2011, 1, 4)),
    ("reduced", "GB", 500, date(1997, 9, 1)),
    ("none", "GB", 0, date(1973, 4, 1)),
]


def _rule(*lines: tuple[str, str, str]) -> list[dict[str, str]]:
    return [{"side": side, "account": account, "amount": amount} for side, account, amount in lines]


RULES = {
    "payment.captured": _rule(("debit", "clearing", "amount"), ("credit", "advance", "amount")),
    "payment.collected_on_delivery": _rule(("debit", "cod_receivable", "amount"), ("credit", "advance", "amount")),
    "payment.refunded": _rule(("debit", "advance", "amount"), ("credit", "clearing", "amount")),
    "shipment.shipped": _rule(
        ("debit", "advance", "gross"),
        ("credit", "sales", "net"),
        ("credit", "output_tax", "tax"),
        ("debit", "cogs", "cost"),
        ("credit", "inventory", "cost"),
    ),
    "return.received": _rule(
        ("debit", "returns", "net"),
        ("debit", "output_tax", "tax"),
        ("credit", "advance", "gross"),
        ("debit", "inventory", "cost"),
        ("credit", "cogs", "cost"),
    ),
    "goods.received": _rule(("debit", "inventory", "cost"), ("credit", "payable_goods", "cost")),
    # What it took to get goods here: for units that have left already it is cost of sales.
    "cost.landed": _rule(
        ("debit", "inventory", "stock"), ("debit", "cogs", "sold"), ("credit", "payable_landed", "amount")
    ),
    "transfer.lost": _rule(("debit", "shrinkage", "cost"), ("credit", "inventory", "cost")),
    "stock.adjusted": _rule(("debit", "shrinkage", "cost"), ("credit", "inventory", "cost")),
    "label.bought": _rule(("debit", "freight", "amount"), ("credit", "payable_freight", "amount")),
    "label.voided": _rule(("debit", "payable_freight", "amount"), ("credit", "freight", "amount")),
    "fee.charged": _rule(("debit", "payment_fees", "amount"), ("credit", "clearing", "amount")),
    "payout.sent": _rule(("debit", "in_transit", "amount"), ("credit", "clearing", "amount")),
}
RULES_FROM = date(2000, 1, 1)


def fill(apps: Apps, using: str) -> None:
    """Write what is missing of the chart, codes, rates and rules; what is there stays as it is."""
    account, tax_code, tax_rate, rule = (
        apps.get_model("ledger", name)._default_manager.using(using)
        for name in ("Account", "TaxCode", "TaxRate", "PostingRule")
    )
    new = (model.model for model in (account, tax_code, tax_rate, rule))
    new_account, new_code, new_rate, new_rule = new
    account.bulk_create(
        (new_account(code=code, name_ja=ja, name_en=en, kind=kind) for code, ja, en, kind in ACCOUNTS),
        ignore_conflicts=True,
    )
    tax_code.bulk_create(
        (new_code(code=code, name_ja=ja, name_en=en) for code, ja, en in TAX_CODES), ignore_conflicts=True
    )
    tax_rate.bulk_create(
        (new_rate(tax_code_id=code, country=country, rate_bp=bp, from_day=day) for code, country, bp, day in TAX_RATES),
        ignore_conflicts=True,
    )
    rule.bulk_create(
        (new_rule(event=event, version=1, from_day=RULES_FROM, lines=lines) for event, lines in RULES.items()),
        ignore_conflicts=True,
    )


def after_migrate(*, using: str, apps: Apps = registry, **_signal: object) -> None:
    """Receiver of post_migrate: an empty book gets its chart (`flush` says no state of apps: the present one)."""
    try:
        account = apps.get_model("ledger", "Account")
    except LookupError:
        return
    if not account._default_manager.using(using).exists():
        fill(apps, using)
