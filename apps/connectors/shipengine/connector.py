"""ShipEngine's abilities: sell and take back labels, say where a parcel is, say whether the account works."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from uuid import UUID

from apps.connectors.shipengine import codes, mapping
from apps.connectors.shipengine.client import Conflict, ShipEngineClient
from apps.connectors.shipengine.settings import ShipEngineSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors


class ShipEngineConnector:
    """Implements `LabelSeller`, `Tracker`, `Inbound` and `HealthCheck`."""

    def __init__(self, settings: ShipEngineSettings, connection_id: UUID) -> None:
        self.settings = settings
        self.client = ShipEngineClient(settings)

    def rates(self, request: c.LabelRequest) -> Sequence[c.Rate]:
        """Prices of every carrier account, cheapest first."""
        body = mapping.rates_request(request, self.settings, ship_date=clock.business_date())
        with _understood():
            return mapping.rates(self.client.rates(body))

    def buy_label(self, request: c.LabelRequest, key: str) -> c.Label:
        """Buy one label. The key is not sent, the vendor knows none: the reference is its external_shipment_id."""
        body = mapping.label_request(request, self.settings, ship_date=clock.business_date())
        try:
            with _understood():
                label = mapping.label(self.client.buy_label(body), reference=request.reference)
        except Conflict:
            found = self.find_label(request)
            if found is None:
                raise
            return found
        if label.status != "bought":
            raise errors.Permanent(f"the carrier did not complete label {label.label_id}")
        return label

    def find_label(self, request: c.LabelRequest) -> c.Label | None:
        """The label bought under this reference; None where there is none that counts (failed or given back)."""
        with _understood():
            answer = self.client.find_label(request.reference)
            label = mapping.label(answer, reference=request.reference) if answer else None
        return label if label and label.status == "bought" else None

    def void_label(self, request: c.VoidLabel, key: str) -> c.Label:
        """Give a label back; twice is once."""
        with _understood():
            return mapping.voided(request, self.client.void_label(request.label_id))

    def track(self, label: c.Label) -> Sequence[c.TrackEvent]:
        """Every step so far, oldest first; none where the carrier does not know the parcel yet."""
        if label.label_id:
            answer = self.client.track_label(label.label_id)
        else:
            answer = self.client.track_number(label.carrier, label.tracking_number)
        with _understood():
            return mapping.track_events(answer) if answer else ()

    def read(self, topic: str, raw: bytes) -> Sequence[c.TrackEvent]:
        """A notice's steps. Raises `Unreadable` for another topic or another form."""
        if topic != codes.TRACK_TOPIC:
            raise errors.Unreadable(f"no table reads the topic {topic}")
        try:
            return mapping.track_events(json.loads(raw, parse_float=Decimal)["data"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise errors.Unreadable(f"not a tracking notice: {type(error).__name__} {error}") from error

    def check(self) -> Mapping[str, str]:
        """The carrier accounts. Raises `Misconfigured` when a chosen one is not there."""
        with _understood():
            names = mapping.carrier_names(self.client.carriers())
        strangers = [one for one in self.settings.carrier_ids if one not in names]
        if strangers:
            raise errors.Misconfigured(f"the account has no carrier {', '.join(strangers)}")
        return names


@contextmanager
def _understood() -> Iterator[None]:
    """JSON that is not of the vendor's form tells nothing of what happened: it is asked again."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise errors.Transient(f"ShipEngine's answer has another form: {error!r}", sent=True) from error
