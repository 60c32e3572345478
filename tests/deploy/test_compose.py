"""deploy/compose.yaml: as Compose reads it, and by the policies."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

from tests.deploy.policies import SERVICES, faults, of_compose

FILE = Path(__file__).parents[2] / "deploy/compose.yaml"
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
# Their programs write next to themselves when they start.
WRITERS = {"kafka-1", "kafka-2", "kafka-3", "identity", "objects"}


def filled(text):
    """Return a text with its variables as Compose fills them: with the default, or some value for one that must be set."""
    return VARIABLE.sub(lambda found: found[3] if found[2] == "-" else "value", text)


@pytest.fixture(scope="module")
def written():
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load(filled(FILE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def containers(written, document):
    values = {name: service.get("environment", {}) for name, service in written["services"].items()}
    return {container.name: container for container in of_compose(document, values)}


class TestFile:
    def test_compose_reads_it(self, document):
        assert set(PyCompose.from_json(json.dumps(document)).service_names()) == document["services"].keys()

    @pytest.mark.parametrize("change", [{"prots": ["8000:8000"]}, {"ports": ["x:y"]}, {"image": "a:b:c"}], ids=["name", "port", "image"])
    def test_a_mistake_is_refused(self, document, change):
        services = document["services"] | {"gateway": document["services"]["gateway"] | change}
        with pytest.raises(ValueError, match=r"\w"):
            PyCompose.from_json(json.dumps(document | {"services": services}))

    def test_it_has_every_part(self, document):
        own = {f"{service}-{part}" for service in SERVICES for part in ("migrate", "api", "worker")}
        others = {"kafka-1", "kafka-2", "kafka-3", "postgres", "objects", "identity", "gateway", "operations", "prometheus", "grafana"}
        assert document["services"].keys() == own | others

    def test_what_is_waited_for_exists_and_every_volume_is_declared(self, document):
        for service in document["services"].values():
            assert service.get("depends_on", {}).keys() <= document["services"].keys()
            for volume in service.get("volumes", ()):
                source = volume.partition(":")[0]
                assert (FILE.parent / source).exists() if source.startswith("./") else source in document["volumes"]

    def test_only_loopback_is_published(self, document):
        published = [port for service in document["services"].values() for port in service.get("ports", ())]
        assert published
        assert all(port.startswith("127.0.0.1:") for port in published)

    def test_no_read_only_container_gets_a_secret_of_compose(self, document):
        """Compose writes it into the root filesystem and fails: "container rootfs is marked read-only"."""
        assert [name for name, service in document["services"].items() if service.get("read_only") and service.get("secrets")] == []

    def test_prometheus_scrapes_every_process(self, document):
        targets = yaml.safe_load((FILE.parent / "monitoring/targets/compose.yml").read_text())
        scraped = {entry["targets"][0].removesuffix(":8000") for entry in targets}
        assert scraped == {name for name in document["services"] if name.endswith(("-api", "-worker"))} | {"gateway"}


class TestPolicies:
    def test_no_container_breaks_one(self, containers):
        assert {name: faults(each, may_write=name in WRITERS) for name, each in containers.items()} == {name: [] for name in containers}

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"user": 0}, "root"),
            ({"is_read_only": False}, "writable root"),
            ({"limits": frozenset({"cpu"})}, "no limits"),
            ({"drops_capabilities": False}, "privileges"),
            ({"image": "images.example/aryz-intake:0.1.0"}, "registry host"),
            ({"image": "aryz-intake"}, "no version"),
        ],
        ids=lambda given: given if isinstance(given, str) else "",
    )
    def test_a_broken_one_is_refused(self, containers, change, fault):
        assert faults(replace(containers["intake-api"], **change)) == [fault]

    @pytest.mark.parametrize(
        ("name", "value", "fault"),
        [
            ("ARYZ_KEYS", "{}", "secret in clear: ARYZ_KEYS"),
            ("ARYZ_DATABASE_URL", "postgresql://aryz:word@postgres", "secret in clear: ARYZ_DATABASE_URL"),
            ("ARYZ_UNKNOWN", "1", "setting without documentation: ARYZ_UNKNOWN"),
        ],
    )
    def test_a_setting_in_clear_or_unknown_is_refused(self, containers, name, value, fault):
        intake = containers["intake-api"]
        assert faults(replace(intake, environment=intake.environment | {name: value})) == [fault]

    def test_a_setting_that_is_left_out_is_refused(self, containers):
        gateway = containers["gateway"]
        left = {name: value for name, value in gateway.environment.items() if name != "ARYZ_HEADER_BYTES"}
        assert faults(replace(gateway, environment=left)) == ["setting left out: ARYZ_HEADER_BYTES"]
