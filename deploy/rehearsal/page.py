"""The commands of `docs/operations/deploying.md`, as they are written there."""

import re
from pathlib import Path
from typing import Final

from images.requirements import ROOT

PAGE: Final = ROOT / "docs/operations/deploying.md"
BLOCK: Final = re.compile(r"^ *```sh (\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def commands(page: Path = PAGE) -> dict[str, str]:
    """Return the named blocks of shell commands, in their order: ```` ```sh NAME ````."""
    return {name: "\n".join(map(str.strip, text.splitlines())) for name, text in BLOCK.findall(page.read_text(encoding="utf-8"))}
