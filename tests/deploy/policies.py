"""What every container of compose.yaml and of the manifests must hold, in one form for both."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.settings_page import of

SERVICES = ("intake", "routing", "provider-contact", "analytics")
SECRET_NAME = re.compile(r"(PASSWORD|SECRET|TOKEN|_KEYS|CREDENTIAL|ACCESS_KEY)(_ID)?$")
SECRET_VALUE = re.compile(r"-----BEGIN|whsec_|://[^/@:]+:[^/@$]+@")


@dataclass(frozen=True)
class Container:
    name: str
    image: str
    user: int | None
    """The numeric id of its user; None where the container does not say."""
    is_read_only: bool
    limits: frozenset[str]
    drops_capabilities: bool
    may_gain_privileges: bool
    environment: Mapping[str, str | None]
    """Values in clear; None for a value by reference."""
    service: str | None = None
    """The service whose settings it reads; `suite` is the gateway. None: another program."""


def faults(container: Container, *, may_write: bool = False) -> list[str]:
    """Return which policies a container breaks. `may_write`: its program writes to its root filesystem."""
    found = []
    if not container.user:
        found.append("root")
    if not container.is_read_only and not may_write:
        found.append("writable root")
    if {"cpu", "memory"} - container.limits:
        found.append("no limits")
    if not container.drops_capabilities or container.may_gain_privileges:
        found.append("privileges")
    host, _, path = container.image.partition("/")
    if path and re.search(r"[.:]|^localhost$", host):
        found.append("registry host")
    if not re.search(r":[\w.-]+$", container.image) or container.image.endswith(":latest"):
        found.append("no version")
    found += [f"secret in clear: {name}" for name, value in container.environment.items() if _is_clear(name, value, container.service)]
    if container.service:
        listed = set(of(container.service))
        given = {name for name in container.environment if name.startswith(("ARYZ_", "AWS_"))}
        found += [f"setting without documentation: {name}" for name in sorted(given - listed)]
        found += [f"setting left out: {name}" for name in sorted(listed - given)]
    return found


def _is_clear(name: str, value: str | None, service: str | None) -> bool:
    if value is None or value == "":
        return False
    settings = of(service) if service else {}
    is_secret = settings[name].is_secret if name in settings else bool(SECRET_NAME.search(name))
    return is_secret or bool(SECRET_VALUE.search(value))


def pod_of(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the pods that a manifest describes; None: it makes none."""
    specification = manifest.get("spec", {})
    if manifest["kind"] == "CronJob":
        specification = specification["jobTemplate"]["spec"]
    found: dict[str, Any] | None = specification.get("template", {}).get("spec")
    return found


def of_manifests(manifests: list[dict[str, Any]]) -> Iterator[Container]:
    """Yield the containers of Kubernetes manifests."""
    maps = {each["metadata"]["name"]: each.get("data") or {} for each in manifests if each["kind"] == "ConfigMap"}
    for manifest in manifests:
        pod = pod_of(manifest)
        for inside in pod["containers"] if pod else ():
            context = pod["securityContext"] | inside["securityContext"]
            environment: dict[str, str | None] = {}
            for source in inside.get("envFrom", ()):
                environment |= maps[source["configMapRef"]["name"]]
            for entry in inside.get("env", ()):
                environment[entry["name"]] = entry.get("value")
                assert "value" in entry or entry["valueFrom"].keys() <= {"secretKeyRef", "configMapKeyRef"}, entry
            service = manifest["metadata"]["labels"]["app.kubernetes.io/name"]
            yield Container(
                name=manifest["metadata"]["name"],
                image=inside["image"],
                user=context["runAsUser"] if context["runAsNonRoot"] else None,
                is_read_only=context["readOnlyRootFilesystem"],
                limits=frozenset(inside["resources"]["limits"]),
                drops_capabilities=context["capabilities"]["drop"] == ["ALL"],
                may_gain_privileges=context["allowPrivilegeEscalation"],
                environment=environment,
                service=service if service in (*SERVICES, "suite") else None,
            )


# Names of users in images of others, by their ids there.
USERS = {"postgres": 999, "appuser": 1000}


def of_compose(document: Mapping[str, Any], values: Mapping[str, Mapping[str, str]]) -> Iterator[Container]:
    """Yield the containers of a Compose document. `values`: the environment of each as it is written, with its variables."""
    for name, service in document["services"].items():
        user = str(service.get("user", "0")).partition(":")[0]
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        written = values[name]
        yield Container(
            name=name,
            image=service["image"],
            user=int(user) if user.isdigit() else USERS[user],
            is_read_only=service.get("read_only", False),
            limits=frozenset({"cpus": "cpu"}.get(each, each) for each in limits),
            drops_capabilities=service.get("cap_drop") == ["ALL"],
            may_gain_privileges="no-new-privileges:true" not in service.get("security_opt", ()),
            environment={key: None if value is None or "${" in value else value for key, value in written.items()},
            service=next((each for each in (*SERVICES, "suite") if service["image"].startswith(f"aryz-{each}:")), None),
        )
