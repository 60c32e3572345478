"""Only the boundaries of a service open transactions: routes, pages, handlers, jobs. Use cases receive a unit of work."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOUNDARIES = frozenset({"app", "api", "pages", "jobs", "dependencies"})
OWN_TRANSACTIONS = {
    "services/routing/routing/cases/service/colleagues.py": "records staff before the unit of work of the route is open",
    "services/provider-contact/provider_contact/directory/service/search.py": "an index of the process, built from snapshots of its own",
    "services/analytics/analytics/dashboard/service/live.py": "figures of the process, counted once for all who ask",
}
CONVERTED = ("routing", "provider-contact", "analytics")
MODULES = sorted(path.relative_to(ROOT) for service in CONVERTED for path in (ROOT / "services" / service).glob("*/**/*.py"))


def opened(tree: ast.AST) -> list[int]:
    """Return the lines of `….write()` and `….read()` in an `async with`."""
    entered = [item.context_expr for node in ast.walk(tree) if isinstance(node, ast.AsyncWith) for item in node.items]
    calls = [call.func for call in entered if isinstance(call, ast.Call)]
    return [func.lineno for func in calls if isinstance(func, ast.Attribute) and func.attr in {"write", "read"}]


def is_boundary(path: Path) -> bool:
    return path.stem in BOUNDARIES or not BOUNDARIES.isdisjoint(path.parent.parts)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_use_case_opens_no_transaction(path):
    if not (is_boundary(path) or str(path) in OWN_TRANSACTIONS):
        assert opened(ast.parse((ROOT / path).read_text())) == []


@pytest.mark.parametrize("path", OWN_TRANSACTIONS)
def test_an_exception_is_still_needed(path):
    assert opened(ast.parse((ROOT / path).read_text()))


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_nothing_commits_but_the_unit_of_work(path):
    calls = [node.func for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Attribute) and call.attr in {"commit", "rollback"}]
