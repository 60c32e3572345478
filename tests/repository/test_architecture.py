"""docs/architecture.md walks an appeal by file and function: each of them is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("", "services/intake", "services/routing", "services/provider-contact", "services/analytics")
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FILES = sorted(set(re.findall(r"`([\w./-]+\.py)`", TEXT)))
WALKED = re.findall(r"`([\w./-]+\.py)`: ((?:`[\w.]+`(?:, )?)+)", TEXT)
FUNCTIONS = [(file, name) for file, names in WALKED for name in re.findall(r"[\w.]+", names)]


def path_of(file):
    return next((ROOT / folder / file for folder in FOLDERS if (ROOT / folder / file).exists()), None)


@pytest.mark.parametrize("file", FILES)
def test_a_named_file_is_there(file):
    assert path_of(file) is not None


@pytest.mark.parametrize(("file", "name"), FUNCTIONS)
def test_a_named_function_is_in_its_file(file, name):
    tree = ast.parse(path_of(file).read_text(encoding="utf-8"))
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)}
    assigned = {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    assert set(name.split(".")) <= defined | assigned


def test_the_walk_names_functions():
    assert len(FUNCTIONS) > 15
