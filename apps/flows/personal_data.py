"""What is stored about people: every field of every table, classed once by hand; a field that nobody classed fails a test.

The register is what a disclosure copies, an erasure empties and the page "What is stored about people" shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The fields of one table, by what they say: about a customer (`person`), about staff or partners (`staff`), a body as it came
    or left, encrypted (`sealed`), or nothing about anybody (`other`). `path` leads from a row to its customer. `erased` are
    the fields that an erasure empties.
    """

    person: str = ""
    staff: str = ""
    sealed: str = ""
    other: str = ""
    path: str = ""
    erased: str = ""

    @property
    def names(self) -> list[str]:
        """Every field that is classed."""
        return " ".join((self.person, self.staff, self.sealed, self.other)).split()


REGISTER: dict[str, Held] = {
    # admin
    "admin.logentry": Held(staff="object_repr change_message", other="action_time object_id action_flag"),
    # auth
    "auth.permission": Held(other="name codename"),
    "auth.group": Held(other="name"),
    "auth.user": Held(
        staff="password last_login username first_name last_name email",
        other="is_superuser is_staff is_active date_joined",
    ),
    # contenttypes
    "contenttypes.contenttype": Held(other="app_label model"),
    # sessions
    "sessions.session": Held(staff="session_data", other="expire_date"),
    # pghistory
    "pghistory.context": Held(staff="metadata", other="created_at updated_at"),
    "pghistory.middlewareevents": Held(
        staff="pgh_data pgh_diff pgh_context",
        other="pgh_model pgh_id pgh_created_at pgh_label pgh_context_id pgh_obj_model pgh_obj_id url",
    ),
    # account
    "account.emailaddress": Held(staff="email", other="verified primary"),
    "account.emailconfirmation": Held(staff="key", other="created sent"),
    # mfa
    "mfa.authenticator": Held(staff="data", other="type created_at last_used_at"),
    # django_celery_beat
    "django_celery_beat.solarschedule": Held(other="event latitude longitude"),
    "django_celery_beat.intervalschedule": Held(other="every period"),
    "django_celery_beat.clockedschedule": Held(other="clocked_time"),
    "django_celery_beat.crontabschedule": Held(other="minute hour day_of_month month_of_year day_of_week timezone"),
    "django_celery_beat.periodictasks": Held(other="last_update"),
    "django_celery_beat.periodictask": Held(
        other="name task args kwargs queue exchange routing_key headers priority expires expire_seconds one_off start_time "
        "enabled last_run_at total_run_count date_changed description",
    ),
    # oauth2_provider
    "oauth2_provider.grant": Held(
        other="code expires redirect_uri scope created updated code_challenge code_challenge_method nonce claims resource",
    ),
    "oauth2_provider.accesstoken": Held(other="token token_checksum expires scope resource created updated"),
    "oauth2_provider.refreshtoken": Held(other="token token_checksum token_family resource created updated revoked"),
    "oauth2_provider.idtoken": Held(other="jti expires scope created updated"),
    "oauth2_provider.devicegrant": Held(
        other="device_code user_code scope interval expires status client_id last_checked"
    ),
    # core
    "core.company": Held(
        other="only name registration_number currency country time_zone tax_checked_at address phone rounding ships_by_itself "
        "ships_within_days lease_below stop_percent stop_least order_prefix",
    ),
    "core.brand": Held(staff="mail_from", other="code name locale"),
    "core.statemove": Held(staff="actor reason", other="kind subject axis old new at source_kind source_id"),
    "core.auditentry": Held(staff="actor detail address", other="at action kind subject"),
    "core.sealingkey": Held(sealed="sealed", other="made_at"),
    "core.auditseal": Held(other="number at entries digest signature"),
    "core.lease": Held(other="holder token until"),
    # hub
    "hub.connection": Held(
        other="connector name settings status paused_abilities shadowed_abilities last_heard_at last_ok_at last_error_at "
        "last_error refused_count repeated_count repaired_count silent_after_hours failures_in_a_row held_until "
        "created_at",
    ),
    "hub.trial": Held(
        staff="asked_by", other="kind asked_at since makes_variants leased_until done_at is_ok reason found"
    ),
    "hub.wayin": Held(staff="person", sealed="sealed", other="state redirect_uri made_at used_at"),
    "hub.credential": Held(sealed="sealed", other="name host hint expires_at set_at"),
    "hub.externalid": Held(other="kind external_id subject"),
    "hub.cursor": Held(other="name read_until read_at looks"),
    "hub.repair": Held(other="day by kind count"),
    "hub.missingnumber": Held(other="number found_at asked ask_at"),
    "hub.fieldmap": Held(staff="made_by", other="version tables made_at"),
    "hub.inboxentry": Held(sealed="sealed", other="digest topic origin received_at size"),
    "hub.inboxevent": Held(
        sealed="sealed",
        other="event_id topic subject said_at received_at part status due_at attempts is_alone waits_for reason done_at",
    ),
    "hub.outboxfact": Held(other="kind subject sequence topic at detail announced_at"),
    "hub.delivery": Held(
        sealed="sealed",
        other="operation key kind subject order_ref size status due_at attempts token leased_until leased_by reason "
        "created_at done_at",
    ),
    "hub.attempt": Held(other="number at wall_at milliseconds outcome reason"),
    "hub.filerun": Held(
        staff="decided_by decided_why",
        other="name kind rows next_row taken started_at finished_at error stopped_at stopped decision decided_at",
    ),
    "hub.setasiderow": Held(sealed="sealed", other="row reason detail"),
    "hub.jobrun": Held(other="job period due_at started_at finished_at leased_until token progress error"),
    # ledger
    "ledger.account": Held(other="name_ja name_en kind"),
    "ledger.taxcode": Held(other="name_ja name_en"),
    "ledger.taxrate": Held(other="country rate_bp from_day"),
    "ledger.postingrule": Held(other="event version from_day lines"),
    "ledger.entry": Held(other="at day event rule_version currency source_kind source_id part order_ref memo"),
    "ledger.line": Held(other="number debit_minor credit_minor tax_code party"),
    # catalog
    "catalog.product": Held(other="title is_active"),
    "catalog.variant": Held(
        other="sku barcode title weight_g origin_country tracking days_before_expiry hs_code is_active"
    ),
    "catalog.price": Held(other="currency amount includes_tax"),
    "catalog.component": Held(other="units"),
    # customers
    "customers.customer": Held(
        person="name kana email phone note",
        path="id",
        erased="emptied",
        other="locale marketing_allowed created_at erased_at",
    ),
    "customers.address": Held(
        person="name company postal_code region city line1 line2 phone",
        path="customer",
        erased="emptied",
        other="country",
    ),
    "customers.consent": Held(person="source wording", path="customer", other="kind is_given at noted_by"),
    "customers.erasure": Held(other="at by reason emptied"),
    # inventory
    "inventory.location": Held(other="code name ship_from is_active is_default ships_orders parcel_minor"),
    "inventory.stocklevel": Held(
        other="on_hand safety damaged quality_control expired reserved leased in_lots incoming backordered value_minor",
    ),
    "inventory.stockmovement": Held(
        staff="actor",
        other="at kind on_hand safety damaged quality_control expired reserved leased incoming value_minor source_kind "
        "source_id part reason",
    ),
    "inventory.demand": Held(
        other="kind subject group holder quantity per_unit is_part allocated shipped cancelled later beyond arrived_at "
        "expires_at",
    ),
    "inventory.lease": Held(other="holder units"),
    "inventory.shrinkage": Held(other="at asked booked source_id reason"),
    "inventory.stocktake": Held(
        staff="made_by counters closed_by decided_by",
        other="number scope beginning is_blind state round note made_at closed_at decided_at reason",
    ),
    "inventory.stocktakeline": Held(
        staff="counted_by",
        other="number counted book moment known_counts first is_moved counted_at difference booked booked_moment "
        "is_superseded value_minor",
    ),
    "inventory.stocktakeentry": Held(
        staff="actor", other="kind units carried said_at code book moment known_counts at"
    ),
    "inventory.straycode": Held(staff="last_by", other="code units last_at"),
    "inventory.supplier": Held(
        staff="name email phone address",
        other="code currency lead_time_days review_days minimum_order_minor over_receipt_percent is_active",
    ),
    "inventory.supplieritem": Held(other="code pack_size price is_preferred"),
    "inventory.purchaseorder": Held(
        staff="made_by", other="number state currency rate made_at ordered_at expected_on note"
    ),
    "inventory.purchaseorderline": Held(other="number quantity received cancelled counted price"),
    "inventory.receipt": Held(other="number source at currency slip"),
    "inventory.receiptline": Held(other="number quantity unit_cost"),
    "inventory.surplus": Held(staff="decided_by", other="quantity state at decided_at reason"),
    "inventory.landedcost": Held(staff="actor", other="kind basis amount_minor currency bill reason at"),
    "inventory.landedpart": Held(other="amount_minor stock_minor sold_minor"),
    "inventory.lot": Held(other="number expires_on is_serial"),
    "inventory.lotlevel": Held(other="is_serial units expired"),
    "inventory.lotmovement": Held(other="units is_assumed"),
    "inventory.backorderpolicy": Held(other="choice cap until promised_on promised_days is_open"),
    "inventory.reorderrule": Held(other="lead_days review_days service_percent order_days"),
    "inventory.forecast": Held(
        other="as_of computed_at sales units days_counted days_out daily noise error_percent error_origins error_as_of "
        "lead_days review_days service_percent order_days safety reorder_point up_to lasts_days",
    ),
    "inventory.sourcingrule": Held(other="position kind number is_active"),
    "inventory.sourcingdecision": Held(other="group at reasons"),
    "inventory.transfer": Held(staff="made_by", other="number state made_at sent_at note"),
    "inventory.transferline": Held(other="number quantity received lost value_minor"),
    "inventory.transferstep": Held(staff="actor", other="kind units value_minor at source_id reason"),
    # orders
    "orders.order": Held(
        person="external_number wished_on time_slot customer_note staff_note",
        path="customer",
        erased="customer_note staff_note",
        staff="assignee",
        other="number source_version placed_at taken_at ship_by currency prices_include_tax items_minor charges_minor "
        "discount_minor added_tax_minor tax_minor tax_computed_minor total_minor payment_method payment_raw lifecycle "
        "payment allocation fulfilment is_held was_short tags",
    ),
    "orders.orderline": Held(
        other="number kind external_id sku title quantity cancelled shipped returned unit_price total_minor refunded_minor "
        "tax_code tax_rate_bp tax_minor promised_on",
    ),
    "orders.orderhold": Held(
        person="detail",
        path="order__customer",
        erased="detail",
        staff="set_by released_by",
        other="reason set_at released_at",
    ),
    "orders.orderrevision": Held(staff="actor", other="source_version at changes"),
    "orders.return": Held(other="number at currency"),
    "orders.returnline": Held(
        person="reason",
        path="order_line__order__customer",
        erased="reason",
        other="number part sku title cancelled returned unmatched unmatched_reason amount_minor",
    ),
    # payments
    "payments.payment": Held(
        person="provider_id voucher_url",
        path="order__customer",
        erased="voucher_url",
        other="method currency expected_minor authorised_minor captured_minor refunded_minor fee_minor status expires_at "
        "created_at captured_at",
    ),
    "payments.refund": Held(
        person="reason provider_id",
        path="payment__order__customer",
        erased="reason",
        other="amount_minor source_id status requested_at settled_at",
    ),
    # shipping
    "shipping.shipment": Held(
        person="wished_on time_slot",
        path="order__customer",
        staff="confirmed_by",
        other="location_ref number service status planned_at shipped_at delivered_at leaves_by_itself",
    ),
    "shipping.shipmentline": Held(other="quantity packed"),
    "shipping.shipmentpiece": Held(other="per_unit packed"),
    "shipping.packedlot": Held(other="lot_ref number units"),
    "shipping.parcel": Held(
        person="label_id tracking_number document_url tracking_url",
        path="shipment__order__customer",
        erased="document_url tracking_url",
        other="number weight_g carrier_name service cost_minor currency label_status",
    ),
    "shipping.sheet": Held(staff="made_by", sealed="sealed", other="name ship_on made_at"),
    "shipping.sheetrow": Held(other="number is_void"),
    "shipping.issuedrow": Held(person="tracking_number before doubt", other="row outcome"),
    "shipping.trackstep": Held(person="detail", path="parcel__shipment__order__customer", other="at status raw_status"),
    # channels
    "channels.listing": Held(
        other="link fault note sku title barcode price currency price_includes_tax own_price price_refused "
        "product_external_id external_id stock_external_id location_external_id shown set_at set_look buffer pushing "
        "unbacked is_dirty is_held may_fall refused missing_since",
    ),
    "channels.escrow": Held(other="units until after_look"),
    "channels.sellingpolicy": Held(other="choice state since"),
    "channels.channelrule": Held(
        other="buffer cap minimum weight blind_after_minutes order_lag_minutes settles_minutes poll_minutes price_factor "
        "price_addition price_ending least_margin stop_percent",
    ),
    "channels.stop": Held(staff="decided_by", other="at fallen shown state decided_at"),
    # messaging
    "messaging.alert": Held(other="kind subject severity facts since opened_at times closed_at"),
    "messaging.alertlook": Held(other="at until"),
    "messaging.alertchoice": Held(staff="to", other="is_on least muted when locale changed_at"),
    "messaging.alertnotice": Held(staff="to subject text", other="locale count at"),
    "messaging.alertnote": Held(staff="to"),
    "messaging.message": Held(
        person="to subject text",
        path="customer_ref",
        erased="to subject text",
        other="order_ref customer_ref template source_id locale status created_at sent_at",
    ),
    # reconciliation
    "reconciliation.statement": Held(
        other="leg period verdict read_at source_until theirs ours matched repaired detail"
    ),
    "reconciliation.payout": Held(
        other="provider_id amount_minor currency arrives_on status raw_status at lines_minor period"
    ),
    "reconciliation.moneyline": Held(
        other="provider_id kind raw_kind source_id payment_id refund_id payment_ref amount_minor fee_minor net_minor currency "
        "at",
    ),
    "reconciliation.difference": Held(
        staff="assignee closed_by",
        other="kind thing period state order_ref currency ours_minor theirs_minor unexplained_minor evidence found_at "
        "closed_at note",
    ),
    "reconciliation.stockdrift": Held(other="period thing sku part cause units value_minor currency evidence found_at"),
    # api
    "api.client": Held(
        staff="made_by",
        other="client_id redirect_uris post_logout_redirect_uris client_type authorization_grant_type client_secret "
        "hash_client_secret name skip_authorization created updated algorithm allowed_origins registration_source "
        "cimd_expires_at scopes expires_at ended_at last_used_at",
    ),
    "api.answered": Held(sealed="sealed", other="key digest begun_at leased_until status"),
}

# Why a field about a person outlives an erasure, by table: shown before anybody presses the button.
KEPT: dict[str, str | Promise] = {
    "customers.address": gettext_lazy("the country, which the tax of a sale rests on"),
    "customers.consent": gettext_lazy("proof of what was allowed and withdrawn"),
    "orders.order": gettext_lazy("numbers, amounts and days of the sale: books are kept by law"),
    "payments.payment": gettext_lazy("the provider’s number: payouts and refunds are compared by it"),
    "payments.refund": gettext_lazy("the provider’s number: payouts and refunds are compared by it"),
    "shipping.shipment": gettext_lazy("the wished day and hours, without a name or place"),
    "shipping.parcel": gettext_lazy("the tracking number: the carrier’s invoice and claims are compared by it"),
    "shipping.trackstep": gettext_lazy("the carrier’s own words about a parcel"),
    "orders.returnline": gettext_lazy("units and amounts of the return"),
}


def until(label: str) -> str:
    """How long a table's personal or sealed fields stay, in words."""
    days = {
        "hub.inboxentry": settings.NOTICE_DAYS, "hub.inboxevent": settings.NOTICE_DAYS, "hub.delivery": settings.CALL_DAYS,
        "shipping.sheet": settings.CALL_DAYS, "hub.setasiderow": settings.SET_ASIDE_DAYS, "api.answered": 2,
        "messaging.message": settings.LETTER_DAYS,
    }.get(label)  # fmt: skip
    if days is not None:
        return _("%(n)d days") % {"n": days}
    if REGISTER[label].erased:
        return _("until the person is erased")
    return _("as long as the books or the account")


def fields_of(model: type[models.Model]) -> list[str]:
    """The fields of a table that can say something: neither its key nor a reference."""
    return [field.name for field in model._meta.concrete_fields if not field.is_relation and not field.primary_key]


def tables() -> Iterator[type[models.Model]]:
    """Every table of ours and of the packages that keep something for us, but for the histories, which follow their own."""
    for model in apps.get_models():
        if model._meta.managed and not hasattr(model, "pgh_tracked_model"):
            yield model


def histories(model: type[models.Model]) -> list[type[models.Model]]:
    """The table of what the rows of a model said before, where it is tracked."""
    return [one for one in apps.get_models() if getattr(one, "pgh_tracked_model", None) is model]


def rows_of(label: str, customer: Any) -> models.QuerySet[Any]:
    """The rows of a table that are about a customer."""
    path = REGISTER[label].path
    rows: models.QuerySet[Any] = apps.get_model(label)._default_manager.all()
    return rows.filter(**{path: customer.id}).order_by("pk") if path else rows.none()
