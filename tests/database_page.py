"""The list in docs/database.md: which query needs which index."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = {"intake": "intake", "routing": "routing", "provider-contact": "provider_contact", "analytics": "analytics"}
HEADINGS = ("Every service", *PACKAGES)
_ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| `([\w/.-]+)`: `(\w+)` \|$", re.MULTILINE)


def documented(heading):
    """Return the rows (table, index, file, function) of a section of the page."""
    page = (ROOT / "docs/database.md").read_text()
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [match.groups() for match in _ROW.finditer(section)]
