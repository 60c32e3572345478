"""Builds the images with buildah, on a base of Debian packages: `make images`. Needs buildah and mmdebstrap, as root.

One image for each service, one for the gateway (`suite`), and one with the `aryz` command for verification and backups (`operations`).
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
MORE_PACKAGES: Final = {"operations": "postgresql-client"}  # pg_dump and pg_restore
API: Final = "api --host 0.0.0.0 --port 8000"
PROGRAMS: Final = {"suite": ("suite.front", API.removeprefix("api ")), "operations": ("suite.cli", "--help")}
"""Module and default arguments of the images that hold no service of that name."""
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


def base_of(service: str) -> str:
    """Return the base of a service's image, made from the common one where the image has more Debian packages."""
    more = MORE_PACKAGES.get(service)
    if more is None:
        return BASE
    name = f"{BASE}-{service}"
    install = f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {more} >/dev/null && rm -rf /var/lib/apt/lists/*"
    container = buildah("from", "--pull-never", BASE)
    buildah("run", container, "--", "sh", "-c", install)
    buildah("commit", "--rm", "--quiet", container, name)
    return name


def stage(service: str, base: str) -> Path:
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
    if service in PROGRAMS:
        shutil.copytree(ROOT / "deploy/suite", context / "app/suite", ignore=ignored)
    for name in requirements.PARTS.get(service, (service,)):
        package = name.replace("-", "_")
        shutil.copytree(ROOT / "services" / name / package, context / "app" / package, ignore=ignored)
        shutil.copytree(ROOT / "services" / name / "migrations", context / "app" / package / "migrations", ignore=ignored)
    (context / "sbom.json").write_text(bill_of_materials(context / "requirements.txt", service, base), encoding="utf-8")
    return context


def bill_of_materials(pinned: Path, service: str, base: str) -> str:
    """Return the CycloneDX document of a service's image: Python packages with their hashes, and the base's Debian packages."""
    tool = Path(sys.executable).with_name("cyclonedx-py")
    document = json.loads(run(tool, "requirements", "--output-reproducible", "--of", "JSON", pinned))
    with_base = buildah("from", "--pull-never", base)
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
    base, name = base_of(service), f"aryz-{service}:{version()}"
    context = stage(service, base)
    module, arguments_by_default = PROGRAMS.get(service, (service.replace("-", "_"), API))
    given = {
        "BASE": base,
        "SERVICE": service,
        "MODULE": module,
        "ARGUMENTS": arguments_by_default,
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
    """Start a built image as its user: migrate, serve, and answer as ready (the gateway: as alive).

    That of the `aryz` command prints its help. Raises RuntimeError, CalledProcessError.
    """
    container = buildah("from", "--pull-never", name)
    is_gateway, port = service == "suite", _free_port()
    inside = ("buildah", "run", "--isolation", "chroot", container, "--", "aryz-service")
    try:
        if service == "operations":
            sys.stdout.write(run(*inside) + "\n")
            return
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


def give_to_docker(name: str, work: Path) -> None:
    """Load an image into the Docker of this machine, through a file: a direct push of a large image breaks off."""
    archive = work / "image.tar"
    archive.unlink(missing_ok=True)
    buildah("push", "--quiet", name, f"docker-archive:{archive}:{name}")
    run("docker", "load", "--quiet", "--input", archive)
    archive.unlink()


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
    parser.add_argument("--docker", action="store_true", help="give each image to the Docker of this machine")
    chosen = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    make_base(WORK / "base.tar")
    for service in chosen.services:
        name = build(service)
        sys.stdout.write(f"{name}\n")
        if chosen.start:
            start(name, service)
        if chosen.docker:
            give_to_docker(name, WORK)
    return 0


if __name__ == "__main__":
    sys.exit(main())
