"""The API keeps to its own description, whatever is sent: schemathesis makes requests from it, with every set of scopes.

`KUROGO_EXAMPLES` says how many for each operation: few in `make test`, many in `make test-full`.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from apps.api.scopes import SCOPES
from tests.api.conftest import make_client, token_of
from tests.staff.builders import make_order, make_shop

EXAMPLES = int(os.environ.get("KUROGO_EXAMPLES", "4"))
# Who asks: nobody, one who may only read, one who may do everything.
WHO = {"nobody": (), "reader": tuple(name for name in SCOPES if name.endswith(":read")), "everything": tuple(SCOPES)}
CHECKS = [
    not_a_server_error, checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance,
    checks.response_headers_conformance, checks.negative_data_rejection, checks.unsupported_method,
]  # fmt: skip


@contextmanager
def one_connection() -> Iterator[None]:
    """As Django's own test client has it: the requests share the test's connection and its transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.parametrize("who", WHO)
def test_every_operation_keeps_to_the_description(who: str, settings):
    shop = make_shop(TEA=50)
    for _ in range(3):
        make_order(shop, ("TEA", 1), method="cod")
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_CLASSES": []}
    token = token_of(make_client(*WHO[who])) if WHO[who] else ""
    with one_connection():
        schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", WSGIHandler())
    made: Counter[str] = Counter()

    for found in schema.get_all_operations():
        operation = found.ok()

        @hypothesis(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
                    suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])  # fmt: skip
        @given(st.one_of(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))
        def asked(case: schemathesis.Case) -> None:
            made[case.operation.label] += 1
            if token:
                case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
            with transaction.atomic():
                answer = case.call()
                case.validate_response(answer, checks=CHECKS)
                transaction.set_rollback(True)

        with one_connection():
            asked()

    assert len(made) == len(list(schema.get_all_operations()))
