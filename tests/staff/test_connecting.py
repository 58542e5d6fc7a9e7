"""The connection wizard: from choosing a vendor to the first order, and nothing written anywhere before somebody says so."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.flows import poll_orders, try_connection, wiring
from apps.hub import connections, trials
from apps.hub.models import Connection, Credential, Cursor, Delivery, Trial
from tests.staff.builders import *  # noqa: F403
