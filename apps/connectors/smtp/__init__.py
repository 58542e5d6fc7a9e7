"""SMTP: what the connector can do and how its writes are kept from happening twice."""

from apps.connectors.smtp.settings import SmtpSettings
from apps.hub.abilities import Once
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="smtp",
    label="SMTP",
    kind="mail",
    abilities=("message",),
    settings=SmtpSettings,
    load="apps.connectors.smtp.connector.SmtpConnector",
    once={"message.send": Once.NEITHER},
    secrets=("password",),
    host_field="host",
    asked=("host", "port", "username", "password", "sender"),
    docs_url="https://www.rfc-editor.org/rfc/rfc5321",
    api_version="RFC 5321, RFC 5322",
    verified_against="aiosmtpd 1.4.6 and our stand-in, which is made of it",
)
