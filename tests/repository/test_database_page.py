import ast

import pytest

from tests.database_page import HEADINGS, ROOT, documented


def functions(path):
    """Return the functions of a file, methods included; none if there is no such file."""
    file = ROOT / path
    tree = ast.parse(file.read_text() if file.is_file() else "")
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("heading", HEADINGS)
class TestQueries:
    def test_the_function_that_needs_an_index_exists(self, heading):
        rows = documented(heading)
        assert rows
        assert [(path, function) for _, _, path, function in rows if function not in functions(path)] == []
