"""Builds stand-ins for the images of engines, from Debian's and Maven's packages: no image registry is needed. See Dockerfile."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from engines import kafka, keycloak, objects
from images.build import BASE, buildah, version
from images.requirements import SERVICES

FOLDER: Final = Path(__file__).parent
ENGINES: Final = "aryz-engines"
PACKAGES: Final = "default-jre-headless postgresql-15 prometheus procps"
STAND_INS: Final = {
    "KAFKA_IMAGE": "kafka",
    "POSTGRES_IMAGE": "postgres",
    "OBJECTS_IMAGE": "objects",
    "IDENTITY_IMAGE": "identity",
    "PROMETHEUS_IMAGE": "prometheus",
    "GRAFANA_IMAGE": "grafana",
}
"""Variable of compose.yaml, and target of the Dockerfile."""


def name_of(target: str) -> str:
    return f"aryz-rehearsal-{target}:{version()}"


def own_images() -> list[str]:
    """Return the images of `make images`."""
    return [f"aryz-{service}:{version()}" for service in SERVICES]


def build_base() -> None:
    """Build what the stand-ins have in common, unless it is there. Needs the base of `make images`. Raises CalledProcessError."""
    if buildah("images", "--quiet", "--filter", f"reference={ENGINES}"):
        return
    install = f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {PACKAGES} >/dev/null && apt-get clean"
    container = buildah("from", "--pull-never", BASE)
    buildah("run", container, "--", "sh", "-c", install)
    buildah("commit", "--rm", "--quiet", container, ENGINES)


def bring_programs() -> None:
    """Bring what Maven has of the engines. Raises EngineMissing."""
    kafka.bring_libraries()
    objects.bring_libraries()
    keycloak.bring_keycloak()


def build_stand_ins(context: Path) -> None:
    """Build every stand-in with the Docker of the rehearsal, which has their base. Raises CalledProcessError."""
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir(parents=True)
    for script in FOLDER.glob("*.sh"):
        shutil.copy(script, context)
    shutil.copytree(kafka.LIBRARIES, context / "kafka-libs")
    shutil.copytree(objects.LIBRARIES, context / "objects-libs")
    shutil.copytree(next(keycloak.DISTRIBUTION.glob("keycloak-*")), context / "keycloak")
    for target in STAND_INS.values():
        given = ("--build-arg", f"BASE={ENGINES}", "--target", target, "--tag", name_of(target))
        subprocess.run(["docker", "build", "--quiet", "--file", FOLDER / "Dockerfile", *given, context], check=True)
    shutil.rmtree(context)
