"""The OpenAPI description: valid, made from the tables, and true of the sandbox."""

from __future__ import annotations

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
)

import qftools.diagnosis  # noqa: F401  # a thread that compiles it while Hypothesis sets limits fails
from qftools import catalogue
from qftools.sandbox import Sandbox
from qftools.sandbox.control.openapi import GATEWAY, description
from qftools.sandbox.control.routes import ROUTES
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.sandbox.web.server import IN_PROCESS_URL
from qftools.signing import sign

EXAMPLES = 8  # an operation; the phase that covers every limit comes on top of it


def test_it_is_valid():
    assert list(OpenAPIV31SpecValidator(description()).iter_errors()) == []


def test_it_has_the_five_calls_the_notification_and_every_call_of_the_control_api():
    described = description()

    paths = {f"/trade/v1/{endpoint}" for endpoint in GATEWAY} | {route.path for route in ROUTES}
    assert set(described["paths"]) == paths
    assert list(described["webhooks"]) == ["notification"]


@pytest.mark.parametrize("endpoint", GATEWAY)
def test_every_published_request_field_is_described(endpoint):
    schema = description()["components"]["schemas"][f"{endpoint.title()}Request"]

    wanted = {field.name for field in catalogue.fields(endpoint=endpoint, part="request")}
    assert set(schema["properties"]) == wanted


def test_every_current_code_and_every_pay_type_is_explained():
    schemas = description()["components"]["schemas"]

    current = [code.code for code in catalogue.codes().values() if code.catalogue == "A"]
    assert all(f"`{code}`" in schemas["respcd"]["description"] for code in current)
    assert all(f"`{code}`" in schemas["pay_type"]["description"] for code in catalogue.pay_types())


def test_the_sandbox_hands_it_out_under_its_own_address():
    with Sandbox() as sandbox:
        url = sandbox.serve()

        served = requests.get(f"{url}/sandbox/openapi.json").json()

    assert served == description(url)


# -- true of the sandbox -------------------------------------------------------------------

schema = schemathesis.openapi.from_dict(description(IN_PROCESS_URL))


# The gateway's own contract: HTTP 200 whatever is wrong, and the answer in respcd.
NOT_OF_THE_GATEWAY = (ignored_auth, missing_required_header, negative_data_rejection)


@pytest.fixture(scope="module")
def url():
    with Sandbox() as sandbox:
        yield sandbox.serve()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_call_does_what_its_description_says(case, url):
    of_gateway = case.path.startswith("/trade/")
    if of_gateway:
        _sign(case)

    case.call_and_validate(base_url=url, excluded_checks=NOT_OF_THE_GATEWAY if of_gateway else None)


def _sign(case):
    """Give a generated request the signature that its values need, where they are text."""
    values = case.body if case.method.upper() == "POST" else case.query
    text = isinstance(values, dict) and all(isinstance(value, str) for value in values.values())
    case.headers = case.headers or {}
    case.headers["X-QF-APPCODE"] = APP_CODE
    algorithm = case.headers.get("X-QF-SIGNTYPE", "MD5")
    if text and algorithm in ("MD5", "SHA256"):
        case.headers["X-QF-SIGN"] = sign(values, CLIENT_KEY, algorithm)
