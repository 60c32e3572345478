"""CONTRIBUTING.md names files: each of them is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = ("services/", "shared/", "deploy/", "docs/", "tests/")
NAMED = sorted(
    {
        name
        for name in re.findall(r"[`\s]([\w./-]+)[`\s]", (ROOT / "CONTRIBUTING.md").read_text())
        if name.startswith(ROOTS) and not name.endswith(".")
    }
)


@pytest.mark.parametrize("name", NAMED)
def test_a_named_file_is_there(name):
    assert (ROOT / name).exists()


def test_files_are_named_at_all():
    assert len(NAMED) > 20
