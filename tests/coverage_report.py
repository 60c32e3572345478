"""Print line and branch coverage by package, and fail below the floors: `python -m tests.coverage_report .run/coverage.json`."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Final

FLOORS: Final[dict[str, tuple[float, float]]] = {
    "analytics": (98, 95),
    "intake": (95, 86),
    "provider_contact": (98, 90),
    "routing": (98, 91),
    "shared": (86, 73),  # without tests/kafka, which runs brokers
}
"""Per cent of lines and branches by package: measured on SQLite, rounded down, less one point. Raise a floor with its figure."""


def shares(files: dict[str, dict]) -> dict[str, tuple[float, float]]:
    """Return the per cent of lines and of branches that were run, by package; a package without branches has all of them."""
    sums: dict[str, Counter[str]] = {}
    for name, file in files.items():
        summed = sums.setdefault(package_of(name), Counter())
        summed.update({key: file["summary"][key] for key in ("covered_lines", "missing_lines", "covered_branches", "missing_branches")})
    return {package: (share(summed, "lines"), share(summed, "branches")) for package, summed in sorted(sums.items())}


def package_of(file: str) -> str:
    """Return the package of a source file: `services/intake/intake/app.py` belongs to intake."""
    first, *rest = Path(file).parts
    return rest[1] if first == "services" else first


def share(summed: Counter[str], what: str) -> float:
    covered, missing = summed[f"covered_{what}"], summed[f"missing_{what}"]
    return 100 * covered / (covered + missing) if covered + missing else 100.0


def below(found: dict[str, tuple[float, float]], floors: dict[str, tuple[float, float]]) -> list[str]:
    """Return the packages under their floors; a package that was not measured is one of them."""
    return [package for package, floor in floors.items() if any(a < b for a, b in zip(found.get(package, (0, 0)), floor, strict=True))]


def main(path: Path) -> int:
    found = shares(json.loads(path.read_text())["files"])
    print(f"{'package':<20}{'lines %':>10}{'branches %':>12}{'floors':>14}")  # noqa: T201 - a command
    for package, (lines, branches) in found.items():
        floor = " ".join(f"{each:.0f}" for each in FLOORS.get(package, ()))
        print(f"{package:<20}{lines:>10.1f}{branches:>12.1f}{floor:>14}")  # noqa: T201
    low = below(found, FLOORS)
    if low:
        print(f"below the floor: {', '.join(low)}", file=sys.stderr)  # noqa: T201
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
