"""Rehearses the Compose part of `docs/operations/deploying.md`: `make rehearse-deployment`, as root, on a machine without a registry.

The commands are read from the page. They run over a copy of `deploy`, with a Docker of their own (`docker.py`), the images of
`make images` and stand-ins for the engines' images (`images.py`).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx

from images.build import buildah, give_to_docker
from images.requirements import ROOT
from rehearsal import desk
from rehearsal.desk import Unexpected, eventually
from rehearsal.docker import NAMESPACES, DockerMissing, daemon
from rehearsal.images import ENGINES, STAND_INS, bring_programs, build_base, build_stand_ins, name_of, own_images
from rehearsal.page import commands

WORK: Final = ROOT / ".run/rehearsal"
GATEWAY: Final = "http://127.0.0.1:8000"
IDENTITY: Final = "http://127.0.0.1:8081"
COMPOSE: Final = ("docker", "compose", "--file", "deploy/compose.yaml")
START_SECONDS: Final = 900.0
POLL_SECONDS: Final = 3.0
PROCESSES: Final = 9  # an api and a worker of each service, and the gateway


class Rehearsal:
    """The steps of the page over a copy of `deploy` in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._commands = commands()
        self._receipt: dict[str, Any] = {}
        self._password = ""

    def run(self) -> None:
        """Go through the steps, each printed with its duration. Raises Unexpected, CalledProcessError."""
        self._copy()
        steps: dict[str, Callable[[], None]] = {
            "settings": lambda: self._page("settings"),
            "bucket": lambda: self._page("bucket"),
            "start": lambda: self._page("start"),
            "every process is healthy": self._wait_healthy,
            "a clerk signs in through the identity provider": self._sign_in,
            "an appeal with a document is answered": self._answer,
            "Prometheus scrapes every process": self._scraped,
            "verify": lambda: self._page("verify"),
            "backup": lambda: self._page("backup"),
            "the backup replaces every database and topic": self._restore,
            "the appeal is there again": lambda: desk.read_answer(GATEWAY, self._receipt),
            "verify again": lambda: self._page("verify"),
            "stop": self._stop,
        }
        try:
            for name, step in steps.items():
                began = time.monotonic()
                step()
                _print(f"{name}: holds, {time.monotonic() - began:.0f} s")
        except BaseException:
            self._show_logs()
            raise
        finally:
            self._compose("down", "--volumes", "--timeout", "20", check=False)

    def _copy(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(ROOT / "deploy", self._folder / "deploy", ignore=shutil.ignore_patterns("__pycache__", ".env"))

    def _page(self, name: str) -> None:
        """Run a block of the page in the copy. Raises CalledProcessError."""
        subprocess.run(["sh", "-euxc", self._commands[name]], cwd=self._folder, check=True)

    def _compose(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run([*COMPOSE, *arguments], cwd=self._folder, check=check, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def _containers(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._compose("ps", "--all", "--format", "json").splitlines()]

    def _wait_healthy(self) -> None:
        until = time.monotonic() + START_SECONDS
        while faults := [fault for each in self._containers() if (fault := _fault(each))]:
            if time.monotonic() > until:
                raise Unexpected("; ".join(faults))
            time.sleep(POLL_SECONDS)

    def _setting(self, name: str) -> str:
        lines = (self._folder / "deploy/.env").read_text(encoding="utf-8").splitlines()
        [value] = [line.partition("=")[2].strip("'") for line in lines if line.startswith(f"{name}=")]
        return value

    def _sign_in(self) -> None:
        self._password = desk.create_clerk(IDENTITY, self._setting("IDENTITY_ADMIN_PASSWORD"))
        desk.sign_in(GATEWAY, IDENTITY, self._password)

    def _answer(self) -> None:
        self._receipt = desk.file_appeal(GATEWAY)
        desk.answer(GATEWAY, desk.sign_in(GATEWAY, IDENTITY, self._password), self._receipt)
        desk.read_answer(GATEWAY, self._receipt)

    def _scraped(self) -> None:
        address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        [container] = self._compose("ps", "--quiet", "prometheus").split()
        host = subprocess.run(["docker", "inspect", "--format", address, container], check=True, stdout=subprocess.PIPE, text=True)

        def scraped() -> bool | None:
            found = httpx.get(f"http://{host.stdout.strip()}:9090/api/v1/targets", trust_env=False).raise_for_status().json()
            targets = found["data"]["activeTargets"]
            return True if len(targets) == PROCESSES and all(target["health"] == "up" for target in targets) else None

        eventually(scraped, "every target of Prometheus is up")

    def _restore(self) -> None:
        self._page("stop")
        ended = {each["Service"]: each["ExitCode"] for each in self._containers() if each["State"] == "exited"}
        if any(ended.values()) or "intake-worker" not in ended:
            raise Unexpected(f"exit codes of stopped processes: {ended}")
        self._page("restore")
        self._wait_healthy()

    def _stop(self) -> None:
        self._compose("stop")
        codes = {each["Service"]: each["ExitCode"] for each in self._containers() if each["Image"].startswith(tuple(own_images()))}
        if any(codes.values()) or not codes:
            raise Unexpected(f"exit codes: {codes}")

    def _show_logs(self) -> None:
        for each in self._containers():
            if _fault(each):
                sys.stdout.write(self._compose("logs", "--no-color", "--tail", "40", each["Service"], check=False))


def _fault(container: dict[str, Any]) -> str | None:
    """Return what is wrong with a container while all of them run."""
    name, state = container["Service"], container["State"]
    if name.endswith("-migrate"):
        return None if (state, container["ExitCode"]) == ("exited", 0) else f"{name}: {state} {container['ExitCode']}"
    return None if state == "running" and container["Health"] in {"healthy", ""} else f"{name}: {state} {container['Health']}"


def _load(images: list[str]) -> None:
    """Give images of buildah to Docker, except those that it has."""
    for name in images:
        newest = buildah("inspect", "--type", "image", "--format", "{{.FromImageID}}", name)
        known = subprocess.run(["docker", "image", "inspect", "--format", "{{.Id}}", name], capture_output=True, text=True, check=False)
        if newest not in known.stdout:
            give_to_docker(name, WORK)


def _print(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def _inside(work: Path) -> None:
    """Rehearse in the namespaces of this process."""
    os.environ |= {variable: name_of(target) for variable, target in STAND_INS.items()}
    with daemon(work / "docker"):
        _load([ENGINES, *own_images()])
        build_stand_ins(work / "context")
        Rehearsal(work / "copy").run()


def main() -> int:
    """Build the stand-ins, then rehearse in namespaces of its own. A refusal is one sentence and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave Docker's images for the next rehearsal")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    try:
        if chosen.inside:
            _inside(WORK)
            return 0
        bring_programs()
        build_base()
        return subprocess.run([*NAMESPACES, sys.executable, "-m", "rehearsal", "--inside"], check=False).returncode
    except (DockerMissing, Unexpected, httpx.HTTPError, subprocess.CalledProcessError) as refusal:
        sys.stderr.write(f"rehearsal: {refusal}\n")
        return 1
    finally:
        if not chosen.inside and not chosen.keep:
            shutil.rmtree(WORK, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
