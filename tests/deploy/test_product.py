"""Commands, addresses and secrets in compose.yaml and in the manifests are those that the product has."""

import json
import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import typer
import yaml

from shared import command, server
from suite import front
from suite.app import create_suite
from suite.cli import app as command_line
from suite.members import bucket, members
from tests.deploy.policies import SERVICES, of_manifests, pod_of

DEPLOY = Path(__file__).parents[2] / "deploy"
PAGE = (DEPLOY.parent / "docs/operations/deploying.md").read_text(encoding="utf-8")
OWN = "aryz.example"
KEY = "A" * 43 + "="  # of 32 bytes
KEYS = json.dumps({"active": "k1", "keys": {"k1": KEY}, "pepper": KEY})
IMAGES = {"suite": "suite", **{service: service for service in SERVICES}}
# What Compose sets itself. Everything else may be set in `.env`.
FIXED = {
    "ARYZ_ENV", "ARYZ_DATA", "ARYZ_DATABASE_URL", "ARYZ_OIDC_CLIENT_ID", "ARYZ_OIDC_CLIENT_SECRET", "ARYZ_TRUSTED_PROXIES",
    *(f"ARYZ_{service.upper().replace('-', '_')}_URL" for service in SERVICES),
}  # fmt: skip


@cache
def manifests():
    return [each for each in yaml.load_all((DEPLOY / "kubernetes/rendered/production.yaml").read_text(), Loader=yaml.CSafeLoader) if each]


@cache
def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]


def pods():
    return [pod["containers"][0] for each in manifests() if (pod := pod_of(each))]


def image_of(name):
    return re.match(r"aryz-([a-z-]+):", name)[1]


def commands():
    """Yield image and arguments of every container of ours."""
    for pod in pods():
        yield image_of(pod["image"]), tuple(pod["args"])
    for service in compose().values():
        if service["image"].startswith("aryz-") and "command" in service:
            yield image_of(service["image"]), tuple(service["command"])


class Listened(Exception):
    """A process would listen now."""


@pytest.mark.parametrize(("image", "arguments"), sorted(set(commands())))
def test_the_program_of_an_image_accepts_the_arguments_and_listens_where_probes_ask(image, arguments, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["aryz-service", *arguments])
    if image == "operations":
        assert arguments[0] in typer.main.get_command(command_line).commands
        return
    if image == "suite":

        def listen(host, port):
            raise Listened((host, port))

        monkeypatch.setattr(server, "listen", listen)
        with pytest.raises(Listened) as listened:
            front.main()
        assert listened.value.args == (("0.0.0.0", 8000),)  # noqa: S104 - inside a container
        return
    chosen = command._arguments(import_module(f"{image.replace('-', '_')}.app").SERVICE)
    assert chosen.verb in {"api", "worker", "migrate"}
    if chosen.verb != "migrate":
        assert (chosen.host, chosen.port) == ("0.0.0.0", 8000)  # noqa: S104 - inside a container


def test_every_port_that_is_named_is_the_one_that_processes_listen_at():
    ports = {port["containerPort"] for pod in pods() for port in pod.get("ports", ())}
    served = [port for each in manifests() if each["kind"] == "Service" for port in each["spec"]["ports"]]
    assert ports == {port["port"] for port in served} == {8000}
    assert {port["targetPort"] for port in served} == {"http"}


def own_addresses():
    """Return the paths of the product that manifests name, except those that lead to a whole service."""
    probes = {
        pod[probe]["httpGet"]["path"] for pod in pods() for probe in ("startupProbe", "livenessProbe", "readinessProbe") if probe in pod
    }
    values = [value for each in manifests() if each["kind"] == "ConfigMap" for value in (each.get("data") or {}).values()]
    return probes | {urlsplit(value).path for value in values if urlsplit(value).hostname == OWN and urlsplit(value).path}


async def test_every_address_of_ours_is_a_route(tmp_path):
    suite = create_suite(tmp_path, worker=False)
    paths = own_addresses()
    assert {"/intake/health/ready", "/health/live", "/intake/v1/channels/telegram/webhook"} <= paths
    async with suite.running(), httpx.AsyncClient(transport=httpx.ASGITransport(suite), base_url="http://localhost") as http:
        for path in paths:  # no operation has DELETE there: 405 is the answer of a route, 404 of none
            assert (await http.delete(path)).status_code == 405, path


def test_the_job_of_operations_finds_every_store(tmp_path, monkeypatch):
    [job] = [each for each in of_manifests(manifests()) if each.name == "operations"]
    secret = {"ARYZ_KEYS": KEYS, "ARYZ_DATABASE_URL": "postgresql://aryz@db.example:5432"}
    for name, value in job.environment.items():
        if (given := secret.get(name) if value is None else value) is not None:
            monkeypatch.setenv(name, given)
    services = members(tmp_path)
    assert {(each.settings.database_url, each.settings.kafka_bootstrap) for each in services} == {
        (secret["ARYZ_DATABASE_URL"], job.environment["ARYZ_KAFKA_BOOTSTRAP"])
    }
    assert bucket(services) == "s3://aryz-files"


def test_the_page_lists_every_secret_with_its_keys():
    used = {}
    for pod in pods():
        for entry in pod.get("env", ()):
            if reference := entry.get("valueFrom", {}).get("secretKeyRef"):
                used.setdefault(reference["name"], {})[reference["key"]] = reference.get("optional", False)
    listed = {}
    for names, keys in re.findall(r"^\| ((?:`[a-z-]+-secrets`(?:, )?)+) \| (.*) \|$", PAGE, re.MULTILINE):
        needed, _, optional = keys.partition("(")
        for name in re.findall(r"`([a-z-]+)`", names):
            listed[name] = {key: key in optional for key in re.findall(r"`(\w+)`", needed + optional)}
    assert listed == used


def test_every_setting_of_compose_may_be_set_in_the_file_but_those_that_the_page_names():
    fixed = {
        name
        for service in compose().values()
        if service["image"].startswith("aryz-")
        for name, value in service["environment"].items()
        if name.startswith(("ARYZ_", "AWS_")) and value is not None and f"${{{name}:" not in value
    }
    by_other_names = {"ARYZ_OIDC_ISSUER", "ARYZ_OIDC_PAGES_CLIENT_SECRET", "ARYZ_OIDC_AUTHORIZATION_URL", "ARYZ_OIDC_END_SESSION_URL"}
    addresses = {"ARYZ_PAGES_URL", *(f"ARYZ_{service}_PUBLIC_URL" for service in ("INTAKE", "ROUTING", "PROVIDER_CONTACT"))}
    assert fixed == FIXED | by_other_names | addresses
