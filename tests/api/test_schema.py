"""The API keeps to its own description, whatever is sent: schemathesis makes requests from it, with every set of scopes.

`KUROGO_EXAMPLES` says how many for each operation: few in `make test`, many in `make test-full`.
"""

import os

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from apps.api.scopes import SCOPES
from tests.api.conftest import make_client, token_of
from tests.staff.builders import make_order, make_shop

EXAMPLES = int(os.environ.get("KUROGO_EXAMPLES", "4"))
