"""docs/operations/settings.md as data."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[1] / "docs/operations/settings.md"
LINE = re.compile(r"^\| `((?:ARYZ|AWS)_[A-Z_]+)` \| (?:`([^`]*)`)? ?\| (.*?) ?\|$")
SECTIONS = {
    "Of every process": ("intake", "routing", "provider-contact", "analytics", "suite"),
    "Of services that store files: intake and provider-contact": ("intake", "provider-contact"),
    "Of intake": ("intake",),
    "Of routing": ("routing",),
    "Of provider-contact": ("provider-contact",),
}


class Setting(NamedTuple):
    name: str
    default: str | None
    is_secret: bool
    services: tuple[str, ...]


@cache
def listed() -> tuple[Setting, ...]:
    """Return the settings of the page in its order."""
    found, services = [], ()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            services = SECTIONS[line[3:]]
        elif match := LINE.fullmatch(line):
            found.append(Setting(match[1], match[2], "**secret**" in match[3], services))
    return tuple(found)


def of(service: str) -> dict[str, Setting]:
    """Return the settings that the processes of a service read, by name."""
    return {setting.name: setting for setting in listed() if service in setting.services}
