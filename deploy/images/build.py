"""Builds the image of each service with buildah, on a base of Debian packages: `make images`. Needs buildah and mmdebstrap, as root.

Nothing is pulled from an image registry. Wheels come from pip, by the hashes of requirements.lock; the base from apt.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from images import requirements

ROOT: Final = requirements.ROOT
WORK: Final = ROOT / ".run/images"
BASE: Final = "aryz-base"
DEBIAN: Final = "bookworm"
PACKAGES: Final = "python3,python3-venv,ca-certificates,tzdata"
START_SECONDS: Final = 300.0  # a start takes 4 s of processor time, and other builds may run


def run(*command: str | Path, **options: object) -> str:
    """Run a command and return what it prints. Raises CalledProcessError."""
    return subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True, **options).stdout.strip()  # type: ignore[call-overload,no-any-return] # noqa: S603 - our own commands


def buildah(*arguments: str | Path) -> str:
    return run("buildah", *arguments, env={**os.environ, "BUILDAH_ISOLATION": "chroot"})


def make_base(archive: Path) -> None:
    """Make the base image from Debian packages."""
    if not archive.exists():
        run("mmdebstrap", "--mode=root", "--variant=minbase", f"--include={PACKAGES}", DEBIAN, archive)
    container = buildah("from", "scratch")
    buildah("add", container, archive, "/")
    buildah("commit", "--rm", "--quiet", container, BASE)


def stage(service: str) -> Path:
    """Prepare the build context of a service: its code and what it shares, the locked wheels, the SBOM."""
    context = WORK / service
    shutil.rmtree(context, ignore_errors=True)
    (context / "app").mkdir(parents=True)
    pinned = run(sys.executable, "-m", "images.requirements", service)
    (context / "requirements.txt").write_text(pinned + "\n", encoding="utf-8")
    wheels = context / "wheels"
    run(sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--no-deps", "--require-hashes",
        "--dest", wheels, "-r", context / "requirements.txt")  # fmt: skip
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "shared", context / "app/shared", ignore=ignored)
    if service == "suite":
        shutil.copytree(ROOT / "deploy/suite", context / "app/suite", ignore=ignored)
    else:
        package = service.replace("-", "_")
        shutil.copytree(ROOT / "services" / service / package, context / "app" / package, ignore=ignored)
        shutil.copytree(ROOT / "services" / service / "migrations", context / "app" / package / "migrations", ignore=ignored)
    (context / "sbom.json").write_text(bill_of_materials(context / "requirements.txt", service), encoding="utf-8")
    return context


def bill_of_materials(pinned: Path, service: str) -> str:
    """Return the CycloneDX document of a service's image: Python packages with their hashes, and the base's Debian packages."""
    tool = Path(sys.executable).with_name("cyclonedx-py")
    document = json.loads(run(tool, "requirements", "--output-reproducible", "--of", "JSON", pinned))
    with_base = buildah("from", BASE)
    try:
        listed = buildah("run", with_base, "--", "dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}\n")
    finally:
        buildah("rm", with_base)
    document["metadata"]["component"] = {"type": "container", "name": f"aryz-{service}", "version": version()}
    for line in listed.splitlines():
        name, number, architecture = line.split()
        reference = f"pkg:deb/debian/{name}@{number}?arch={architecture}"
        document["components"].append({"type": "library", "bom-ref": reference, "name": name, "version": number, "purl": reference})
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def version() -> str:
    project: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return project


def build(service: str) -> str:
    """Build the image of a service and return its name with its tag."""
    context, name = stage(service), f"aryz-{service}:{version()}"
    given = {
        "BASE": BASE,
        "SERVICE": service,
        "MODULE": "suite.front" if service == "suite" else service.replace("-", "_"),
        "HEALTH": "/health/live" if service == "suite" else f"/{service}/health/live",
        "VERSION": version(),
        "REVISION": run("git", "-C", ROOT, "rev-parse", "HEAD"),
    }
    arguments = [part for key, value in given.items() for part in ("--build-arg", f"{key}={value}")]
    buildah(
        "build", "--quiet", "--pull-never", "--format", "docker", "--file", ROOT / "deploy/Dockerfile", *arguments, "--tag", name, context
    )
    return name


def start(name: str, service: str) -> None:
    """Start a built image as its user: migrate, serve, and answer as ready (the gateway: as alive). Raises RuntimeError."""
    container = buildah("from", "--pull-never", name)
    is_gateway, port = service == "suite", _free_port()
    inside = ("buildah", "run", "--isolation", "chroot", container, "--", "aryz-service")
    try:
        if not is_gateway:
            subprocess.run([*inside, "migrate"], check=True)  # noqa: S603 - our own command
        verb = [] if is_gateway else ["api"]
        written = WORK / f"{service}.log"
        with (
            written.open("w") as log,
            subprocess.Popen([*inside, *verb, "--port", str(port)], start_new_session=True, stdout=log, stderr=log) as process,  # noqa: S603 - our own command
        ):
            try:
                _wait_ready(f"http://127.0.0.1:{port}{'/health/live' if is_gateway else f'/{service}/health/ready'}", process)
            except RuntimeError as error:
                raise RuntimeError(f"{error}: {written.read_text()[-2000:]}") from None
            finally:
                process.terminate()
    finally:
        buildah("rm", container)


def _free_port() -> int:
    """Return a port of this machine, where the processes of a chroot listen."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _wait_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"the image ended with {process.returncode}")
        try:
            with urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
                sys.stdout.write(f"{url} {answer.status} {answer.read().decode()}\n")
                return
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{url} is not ready") from None
            time.sleep(0.5)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", nargs="*", default=requirements.SERVICES)
    parser.add_argument("--start", action="store_true", help="start each image after it is built")
    chosen = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    make_base(WORK / "base.tar")
    for service in chosen.services:
        name = build(service)
        sys.stdout.write(f"{name}\n")
        if chosen.start:
            start(name, service)
    return 0


if __name__ == "__main__":
    sys.exit(main())
