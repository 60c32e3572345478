"""deploy/kubernetes: valid for Kubernetes, by the policies, and rendered from what stands there."""

import re
from functools import cache
from importlib import util
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from kubernetes_validate import utils

from tests.deploy.policies import SERVICES, faults, of_manifests, pod_of

FOLDER = Path(__file__).parents[2] / "deploy/kubernetes"
VERSION = "1.33"
OVERLAYS = ("production", "trial")
PARTS = ("api", "worker")


@pytest.fixture(scope="module", autouse=True)
def _schemas_once():
    """The package reads a megabyte of definitions for every manifest."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(utils, "schema_contents", cache(utils.schema_contents))
        patched.setattr(utils, "all_versions", cache(utils.all_versions))
        yield


@cache
def manifests(name):
    return [each for each in yaml.load_all((FOLDER / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) if each]


@cache
def rendered(overlay):
    return manifests(f"rendered/{overlay}.yaml")


def named(overlay, kind):
    return {each["metadata"]["name"]: each for each in rendered(overlay) if each["kind"] == kind}


def selects(selector, labels):
    """Return whether a label selector matches."""
    expressions = selector.get("matchExpressions", ())
    assert all(each["operator"] == "In" for each in expressions)
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in expressions
    )


class TestSchema:
    @pytest.mark.parametrize("overlay", OVERLAYS)
    def test_every_manifest_of_an_overlay_is_valid(self, overlay):
        for manifest in rendered(overlay):
            kubernetes_validate.validate(manifest, VERSION, strict=True)

    @pytest.mark.parametrize("name", ["monitoring/prometheus.yaml", "ingress-controller.yaml"])
    def test_what_is_applied_next_to_them_is_valid(self, name):
        for manifest in manifests(name):
            kubernetes_validate.validate(manifest, VERSION, strict=True)

    def test_a_mistake_is_refused(self):
        api = named("trial", "Deployment")["intake-api"]
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(api | {"spec": api["spec"] | {"replcias": 2}}, VERSION, strict=True)

    def test_the_rendered_manifests_are_those_of_the_present_files(self):
        specification = util.spec_from_file_location("render", FOLDER / "render.py")
        render = util.module_from_spec(specification)
        specification.loader.exec_module(render)
        for overlay in OVERLAYS:
            first = (FOLDER / f"rendered/{overlay}.yaml").read_text(encoding="utf-8").partition("\n")[0]
            assert re.search(r"inputs: (\w+)$", first)[1] == render.fingerprint(), "run `make manifests`"


class TestPolicies:
    @pytest.mark.parametrize("overlay", OVERLAYS)
    def test_no_container_breaks_one(self, overlay):
        containers = {container.name: container for container in of_manifests(rendered(overlay))}
        assert containers.keys() == {f"{service}-{part}" for service in SERVICES for part in (*PARTS, "migrate")} | {
            "gateway",
            "operations",
        }
        assert {name: faults(each) for name, each in containers.items()} == {name: [] for name in containers}

    def test_prometheus_breaks_none(self):
        tagged = yaml.safe_load((FOLDER / "monitoring/kustomization.yaml").read_text())["images"][0]
        [prometheus] = of_manifests(manifests("monitoring/prometheus.yaml"))
        assert faults(prometheus) == ["no version"]  # the kustomization gives it
        assert re.fullmatch(r"[\d.]+", tagged["newTag"])

    @pytest.mark.parametrize("overlay", OVERLAYS)
    def test_no_secret_is_a_part_of_it(self, overlay):
        assert named(overlay, "Secret") == {}

    @pytest.mark.parametrize("overlay", OVERLAYS)
    def test_pods_have_no_token_of_the_cluster_and_the_runtime_s_system_calls(self, overlay):
        for kind in ("Deployment", "Job", "CronJob"):
            for manifest in named(overlay, kind).values():
                pod = pod_of(manifest)
                assert pod["automountServiceAccountToken"] is False
                assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
                assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
                assert all("hostPath" not in volume for volume in pod["volumes"])


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("service", SERVICES)
class TestEveryProcess:
    def test_it_is_probed_at_its_own_address(self, overlay, part, service):
        [container] = named(overlay, "Deployment")[f"{service}-{part}"]["spec"]["template"]["spec"]["containers"]
        paths = {probe: container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
        assert set(paths.values()) == {f"/{service}/health/live", f"/{service}/health/ready"}
        assert paths["readinessProbe"].endswith("ready")
        assert container["image"].startswith(f"aryz-{service}:")
        assert container["args"][0] == part

    def test_an_upgrade_and_a_disruption_leave_others_running(self, overlay, part, service):
        deployment = named(overlay, "Deployment")[f"{service}-{part}"]["spec"]
        assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        budget = named(overlay, "PodDisruptionBudget")[f"{service}-{part}"]["spec"]
        assert budget["maxUnavailable"] == 1
        labels = deployment["template"]["metadata"]["labels"]
        for selector in (
            budget["selector"],
            *(each["labelSelector"] for each in deployment["template"]["spec"]["topologySpreadConstraints"]),
        ):
            assert selects(selector, labels)
            assert selector["matchLabels"]["app.kubernetes.io/name"] == service

    def test_it_scales(self, overlay, part, service):
        scaler = named(overlay, "HorizontalPodAutoscaler")[f"{service}-{part}"]["spec"]
        assert scaler["scaleTargetRef"]["name"] == f"{service}-{part}"
        assert scaler["maxReplicas"] <= 12  # partitions of a topic
        external = [each["external"]["metric"] for each in scaler["metrics"] if each["type"] == "External"]
        lag = {"name": "aryz_consumer_lag_events", "selector": {"matchLabels": {"service": service}}}
        assert external == ([lag] if part == "worker" else [])
        assert any(each["type"] == "Resource" and each["resource"]["name"] == "cpu" for each in scaler["metrics"])

    def test_nothing_reaches_it_and_it_reaches_nothing_without_a_policy(self, overlay, part, service):
        labels = named(overlay, "Deployment")[f"{service}-{part}"]["spec"]["template"]["metadata"]["labels"]
        policies = [each for each in named(overlay, "NetworkPolicy").values() if selects(each["spec"]["podSelector"], labels)]
        names = {each["metadata"]["name"] for each in policies}
        assert names == {"closed", f"{service}-requests", f"{service}-calls"} | ({"ingress"} if part == "api" else set())
        assert {kind for each in policies for kind in each["spec"]["policyTypes"]} == {"Ingress", "Egress"}
        assert all(rule for each in policies for rule in (*each["spec"].get("ingress", ()), *each["spec"].get("egress", ())))


class TestIngress:
    def test_each_path_leads_to_the_api_of_its_service_and_every_other_to_the_gateway(self):
        [ingress] = named("production", "Ingress").values()
        services = named("production", "Service")
        for path in ingress["spec"]["rules"][0]["http"]["paths"]:
            backend = path["backend"]["service"]
            assert backend["name"] == ("gateway" if path["path"] == "/" else f"{path['path'].removeprefix('/')}-api")
            assert backend["port"]["number"] in {port["port"] for port in services[backend["name"]]["spec"]["ports"]}
        assert len(ingress["spec"]["rules"][0]["http"]["paths"]) == len(SERVICES) + 1

    def test_a_body_is_as_large_as_the_page_says(self):
        [ingress] = named("production", "Ingress").values()
        assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"] == "64m"


@pytest.mark.parametrize("overlay", OVERLAYS)
class TestGateway:
    def test_a_service_that_is_away_does_not_close_it(self, overlay):
        [container] = named(overlay, "Deployment")["gateway"]["spec"]["template"]["spec"]["containers"]
        assert {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")} == {"/health/live"}
        assert container["image"].startswith("aryz-suite:")

    def test_the_ingress_and_prometheus_reach_it_and_it_reaches_apis_and_the_identity_provider(self, overlay):
        labels = named(overlay, "Deployment")["gateway"]["spec"]["template"]["metadata"]["labels"]
        policies = [each for each in named(overlay, "NetworkPolicy").values() if selects(each["spec"]["podSelector"], labels)]
        assert {each["metadata"]["name"] for each in policies} == {"closed", "ingress", "gateway-requests", "gateway-outgoing"}
        [outgoing] = [each for each in policies if each["metadata"]["name"] == "gateway-outgoing"]
        assert [port["port"] for rule in outgoing["spec"]["egress"] for port in rule["ports"]] == ["http", 4318, 443]


class TestMigrations:
    @pytest.mark.parametrize("service", SERVICES)
    def test_a_job_of_the_same_image_migrates_before_new_processes_are_ready(self, service):
        job = named("production", "Job")[f"{service}-migrate"]["spec"]["template"]["spec"]
        api = named("production", "Deployment")[f"{service}-api"]["spec"]["template"]["spec"]
        assert job["containers"][0]["args"] == ["migrate"]
        assert job["containers"][0]["image"] == api["containers"][0]["image"]
        assert job["restartPolicy"] == "OnFailure"


@pytest.mark.parametrize("overlay", OVERLAYS)
class TestOperations:
    def test_it_waits_for_a_person_and_repeats_nothing(self, overlay):
        job = named(overlay, "CronJob")["operations"]["spec"]
        assert (job["suspend"], job["concurrencyPolicy"], job["jobTemplate"]["spec"]["backoffLimit"]) == (True, "Forbid", 0)

    def test_nothing_reaches_it_and_it_reaches_the_engines_alone(self, overlay):
        labels = named(overlay, "CronJob")["operations"]["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
        policies = [each for each in named(overlay, "NetworkPolicy").values() if selects(each["spec"]["podSelector"], labels)]
        assert {each["metadata"]["name"] for each in policies} == {"closed", "operations-outgoing"}
        [outgoing] = [each for each in policies if each["metadata"]["name"] == "operations-outgoing"]
        assert [port["port"] for rule in outgoing["spec"]["egress"] for port in rule["ports"]] == [5432, 9093, 443]
