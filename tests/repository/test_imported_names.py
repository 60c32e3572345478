"""Tests import names that the product has: a name that was removed is found without collecting every test."""

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

TESTS = Path(__file__).parents[1]
PRODUCT = ("intake", "routing", "provider_contact", "analytics", "shared", "suite", "engines")


def imported():
    """Every product module and name that a test imports, with the files that do."""
    found = {}
    for file in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PRODUCT:
                for alias in node.names:
                    found.setdefault((node.module, alias.name), []).append(str(file.relative_to(TESTS)))
    return found


def exists(module, name):
    if find_spec(module) is None:
        return False
    loaded = import_module(module)
    return hasattr(loaded, name) or (hasattr(loaded, "__path__") and find_spec(f"{module}.{name}") is not None)


def test_every_imported_name_is_there():
    names = imported()
    assert len(names) > 500
    assert {f"{module}.{name}": files for (module, name), files in names.items() if not exists(module, name)} == {}
