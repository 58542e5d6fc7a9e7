"""What a merchant fills in for ShipEngine; the form, masking and encryption come from these fields."""

from apps.hub.contracts import Address
from apps.hub.registry import Settings


class ShipEngineSettings(Settings, frozen=True, kw_only=True):
    """`carrier_ids`: the carrier accounts to ask for rates (`se-…`); the first one sells where a service names none.

    `default_service`: a service code such as `usps_ground_advantage`, or `se-123456:usps_ground_advantage`.
    `ship_from` fills what a request's sender leaves empty (ShipEngine wants a phone number). `jwks`: ShipEngine's
    public keys as served at https://api.shipengine.com/jwks; without them no tracking notice is believed.
    """

    api_key: str = ""
    base_url: str = "https://api.shipengine.com"
    carrier_ids: tuple[str, ...] = ()
    default_service: str = ""
    ship_from: Address = Address()
    label_layout: str = "4x6"
    jwks: str = ""
