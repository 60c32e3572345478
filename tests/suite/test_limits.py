"""The limits in the documents and the ingress equal those of the code."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from shared.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "routing", "provider_contact", "analytics")
ALIASES = {field.validation_alias: field.default for field in ServiceSettings.model_fields.values()}


@pytest.fixture(scope="module")
def ingress():
    """Settings of the controller, and the ingress."""
    kubernetes = ROOT / "deploy" / "kubernetes"
    return [yaml.safe_load((kubernetes / name).read_text()) for name in ("ingress-controller.yaml", "base/ingress.yaml")]


def test_every_setting_in_the_table_exists():
    named = set(re.findall(r"ARYZ_[A-Z_]+", (ROOT / "docs" / "operations" / "limits.md").read_text()))
    own = [import_module(f"{package}.settings").Settings for package in SERVICES]
    of_services = {f"{each.model_config['env_prefix']}{name}".upper() for each in own for name in each.model_fields}
    assert {"ARYZ_HEADER_BYTES", "ARYZ_CONNECTIONS"} <= named <= set(ALIASES) | of_services


def test_the_ingress_is_as_strict_with_headers_as_the_processes(ingress):
    [controller, _] = ingress
    count, size = controller["data"]["large-client-header-buffers"].split()
    assert int(count) * int(size.removesuffix("k")) * 1024 == ALIASES["ARYZ_HEADER_BYTES"]
    assert float(controller["data"]["client-header-timeout"]) == ALIASES["ARYZ_HEADER_SECONDS"]
    assert float(controller["data"]["client-body-timeout"]) == ALIASES["ARYZ_TRANSFER_GRACE_SECONDS"]
    assert controller["data"]["use-forwarded-headers"] == "false"


def test_the_ingress_leads_to_every_service_and_to_nothing_else(ingress):
    [_, routes] = ingress
    paths = routes["spec"]["rules"][0]["http"]["paths"]
    assert {each["path"] for each in paths} == {"/intake", "/routing", "/provider-contact", "/analytics", "/"}
    assert all(isinstance(value, str) for value in routes["metadata"]["annotations"].values())
