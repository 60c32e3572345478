"""The stored versions of the trained detectors (`data/detectors`), which of them is in use, and the way back to the one before.

A running process uses the detectors with which it started.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

POINTER: Final = "current.toml"
WEIGHTS_FILE: Final = "weights.npz"
METADATA_FILE: Final = "metadata.json"
DATA: Final = Path(__file__).parent / "data" / "detectors"
_SOURCE: Final = "# source: `make train` from the labelled texts; docs/detectors.md has the figures"


class NoFormerDetectors(ValueError):
    """The oldest stored version is in use: there is nothing to go back to."""


@dataclass(frozen=True, slots=True)
class StoredDetectors:
    """The form of `current.toml`: the stored versions, oldest first, and the one in use."""

    current: str
    versions: tuple[str, ...]


def stored_detectors(data: Path = DATA) -> StoredDetectors:
    """Return the stored versions. Raises ValueError if the one in use is none of them, FileNotFoundError before the first promotion."""
    document = tomllib.loads((data / POINTER).read_text(encoding="utf-8"))
    found = StoredDetectors(document["current"], tuple(document["versions"]))
    if found.current not in found.versions:
        raise ValueError(f"{POINTER}: {found.current} is none of {found.versions}")
    return found


def use_detectors(found: StoredDetectors, data: Path = DATA) -> StoredDetectors:
    """Write which version is in use, and return it."""
    versions = ", ".join(f'"{version}"' for version in found.versions)
    (data / POINTER).write_text(f'{_SOURCE}\ncurrent = "{found.current}"\nversions = [{versions}]\n', encoding="utf-8")
    return found


def roll_detectors_back(data: Path = DATA) -> StoredDetectors:
    """Return to the version before the one in use. Raises NoFormerDetectors from the oldest: forms and routing need detectors."""
    found = stored_detectors(data)
    position = found.versions.index(found.current)
    if not position:
        raise NoFormerDetectors(f"{found.current} is the oldest version that is stored")
    return use_detectors(StoredDetectors(found.versions[position - 1], found.versions), data)
