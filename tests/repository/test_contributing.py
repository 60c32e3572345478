"""CONTRIBUTING.md names files: each of them is there. It states the order of the rooms: it is that of the import contracts."""

import re
import tomllib
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


def _stated_order():
    """The rooms of each row of the table, from the highest to the lowest that holds code."""
    rows = (ROOT / "CONTRIBUTING.md").read_text().partition("| room | holds |")[2].partition("\n\n")[0].splitlines()
    rooms = [re.findall(r"`(\w+)\.py`", row.split("|")[1]) for row in rows if row.startswith("| `")]
    return [set(row) for row in rooms if row]


def _checked_orders():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {each["name"]: each["layers"] for each in contracts if each["name"].endswith("the rooms of a slice import one way")}


@pytest.mark.parametrize(("name", "layers"), _checked_orders().items(), ids=str)
def test_the_order_of_the_rooms_is_that_of_the_import_contract(name, layers):
    checked = [set(re.findall(r"\w+", layer)) - {"inspection"} for layer in layers]  # a process of its own in one slice, no room
    known = set().union(*checked)
    assert [row & known for row in _stated_order() if row & known] == [row for row in checked if row], name


def test_every_service_has_a_contract_for_its_rooms():
    assert len(_checked_orders()) == len(list((ROOT / "services").iterdir()))
