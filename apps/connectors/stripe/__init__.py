"""Stripe: cards and konbini, captures, refunds, payouts with their lines. Light to import: the library is not."""

from datetime import timedelta

from apps.connectors.stripe.settings import API_VERSION, StripeSettings
from apps.hub.abilities import Once
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="stripe",
    label="Stripe",
    kind="payments",
    abilities=("payment", "payment.read", "statement"),
    settings=StripeSettings,
    load="apps.connectors.stripe.connector.StripeConnector",
    once={
        "payment.request": Once.KEY,
        "payment.capture": Once.KEY,
        "payment.void": Once.KEY,
        "payment.refund": Once.KEY,
    },
    keys_live=timedelta(hours=24),  # docs.stripe.com/api/idempotent_requests: removed after at least 24 hours
    webhook="apps.connectors.stripe.webhook",
    secrets=("api_key", "webhook_secret", "webhook_secret_old"),
    host_field="api_base",
    asked=("api_key", "webhook_secret"),
    docs_url="https://docs.stripe.com/api",
    api_version=API_VERSION,
    verified_against=(
        "the types of the PyPI package stripe 16.1.0 and Stripe's own example objects of 2026-08-21; no live account"
    ),
)
