"""docs/integration/errors.md lists every code that the services answer with, and no other."""

import ast
import re
from pathlib import Path

from intake.register.service.filing import SENTENCES
from shared.errors import DomainError
from shared.field_errors import DETAILS
from tests.contracts.openapi_documents import SERVICES, document_of

TOP = Path(__file__).parents[2]
ERRORS, FIELDS = (TOP / "docs/integration/errors.md").read_text().split("## Codes of fields")


def subclasses(kind):
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def declared():
    """Title(s) of each status and code of the product; the base classes of refusals have no code of their own."""
    for service in SERVICES:
        document_of(service)  # imports all of it
    found = {}
    for kind in subclasses(DomainError):
        if kind.code != DomainError.code and kind.__module__.partition(".")[0] in {"shared", "suite", *packages()}:
            found.setdefault((kind.status, kind.code), set()).add(kind.title)
    return found


def packages():
    return {service.replace("-", "_") for service in SERVICES}


def field_codes():
    """The codes of fields in the source: those with a shared sentence, and those written out where they are raised."""
    found = {*DETAILS, *SENTENCES}
    for folder in ("services", "shared"):
        for path in (TOP / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and len(node.args) == 3 and ast.unparse(node.func) in {"FieldError", "InvalidInput.field"}:
                    code = node.args[1]
                    found |= {code.value} if isinstance(code, ast.Constant) else set()
    return found


def test_every_problem_has_a_row_with_its_status_meaning_and_what_to_do():
    rows = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \| (.+?) \| (.+) \|$", ERRORS, flags=re.MULTILINE)

    assert {(int(status), code): set(meaning.split(" / ")) for status, code, meaning, _ in rows} == declared()
    assert len({(status, code) for status, code, *_ in rows}) == len(rows)


def test_every_code_of_a_field_has_a_row():
    assert set(re.findall(r"^\| `([a-z-]+)` \|", FIELDS, flags=re.MULTILINE)) - {"unknown-assignee"} == field_codes()
