"""Prints the part of requirements.lock that one service needs, with its hashes: `python -m images.requirements SERVICE`."""

import re
import sys
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final = "aryz"
SERVICES: Final = ("intake", "routing", "provider-contact", "analytics", "suite", "operations")
PARTS: Final = {"suite": (), "operations": ("intake", "routing", "provider-contact", "analytics")}
"""The services in an image that has another name: the gateway (`suite`) has none, the `aryz` command (`operations`) all of them."""


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def direct(service: str) -> set[str]:
    """Return the names that pyproject.toml lists for an image."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    listed = [each for part in PARTS.get(service, (service,)) for each in extras[part]]
    command = extras["suite"] if service == "operations" else []
    return {_name(each) for each in (*project["dependencies"], *listed, *command)} - {PROJECT}


def locked() -> dict[str, tuple[str, set[str]]]:
    """Return each locked package: its lines, and the packages that need it, as the lock's comments say."""
    found: dict[str, tuple[str, set[str]]] = {}
    for block in re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8")):
        if "==" not in block.partition("\n")[0]:
            continue
        lines = block.splitlines()
        comment = " ".join(line.strip("# ").removeprefix("via ") for line in lines if line.lstrip().startswith("#"))
        pinned = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
        found[_name(lines[0])] = pinned, {_name(each) for each in re.split(r"[ ,]+", comment) if each and each != "via"}
    return found


def needed(service: str) -> list[str]:
    """Return the names of the packages of a service: what it lists, and what these need in turn."""
    packages, wanted = locked(), direct(service)
    before: set[str] = set()
    while wanted != before:
        before = wanted
        wanted = wanted | {name for name, (_, needers) in packages.items() if needers & wanted}
    return sorted(wanted & packages.keys())


def main() -> int:
    packages = locked()
    sys.stdout.write("\n".join(packages[name][0] for name in needed(sys.argv[1])) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
