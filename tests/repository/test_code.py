"""Rules for the code that no linter knows: names of the vocabulary, typed rows, sizes of modules, one name for one class."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = (
    "services/intake/intake",
    "services/routing/routing",
    "services/provider-contact/provider_contact",
    "services/analytics/analytics",
)
PRODUCT = (*SERVICES, "shared", "deploy/suite", "deploy/engines")
LINES = 400
LOOSE_TYPES = 25
REFUSED_PARTS = frozenset(
    {
        "told",
        "untold",
        "tell",
        "tells",
        "heard",
        "hear",
        "deed",
        "deeds",
        "enclose",
        "enclosed",
        "enclosing",
        "forget",
        "forgets",
        "aside",
        "beside",
        "besides",
        "standing",
        "matter",
        "duty",
        "duties",
        "saying",
        "woken",
        "hand",
        "handed",
        "handing",
    }
)
REFUSED_NAMES = frozenset(
    {
        "one",
        "ones",
        "way",
        "ways",
        "look",
        "looks",
        "place",
        "places",
        "words",
        "take",
        "takes",
        "put",
        "puts",
        "let",
        "said",
        "say",
        "says",
        "act",
        "deed",
        "turn",
        "course",
        "kept",
        "keep",
        "told",
    }
)
ALLOWED = frozenset({"tell"})  # of a file object (io.IOBase); at most ten
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


@cache
def modules(*folders):
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")) if "migrations" not in path.parts]
    return [(path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))) for path in files]


def names_in(path, tree):
    """Names of modules, functions, methods, parameters, classes and fields."""
    yield path.stem
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
            yield from (argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
        elif isinstance(node, ast.ClassDef):
            yield node.name
            yield from (part.target.id for part in node.body if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name))


def is_refused(name):
    parts = {part.lower() for part in _PART.findall(name)}
    return name not in ALLOWED and (name.strip("_").lower() in REFUSED_NAMES or not parts.isdisjoint(REFUSED_PARTS))


def is_loose(node):
    if not isinstance(node, ast.Subscript):
        return False
    generic, inner = ast.unparse(node.value).rpartition(".")[2], ast.unparse(node.slice).strip("()")
    return inner in {"str, Any", "str, object"} if generic in {"dict", "Mapping", "MutableMapping"} else generic == "Row" and inner == "Any"


def annotations_in(tree):
    """Annotations of parameters, returns and fields, base classes, and the values of aliases."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            arguments = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
            yield from (argument.annotation for argument in arguments if argument and argument.annotation)
            yield from [node.returns] if node.returns else []
        elif isinstance(node, ast.ClassDef):
            yield from node.bases
            yield from (part.annotation for part in node.body if isinstance(part, ast.AnnAssign))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript | ast.BinOp):
            yield node.value
        elif isinstance(node, ast.AnnAssign):
            yield node.annotation
            yield from [node.value] if node.value and "TypeAlias" in ast.unparse(node.annotation) else []


def misplaced_strings(tree):
    """Lines of strings that are neither a docstring nor the description of an attribute assigned just before."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if not isinstance(block, list):
                continue
            described = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module) and name == "body"
            for statement in block:
                is_string = isinstance(statement, ast.Expr) and isinstance(getattr(statement.value, "value", None), str)
                if is_string and not described:
                    yield statement.lineno
                described = isinstance(statement, ast.Assign | ast.AnnAssign)


class TestNames:
    @pytest.mark.parametrize("folder", [*PRODUCT, "tests"])
    def test_no_name_is_one_that_the_vocabulary_refuses(self, folder):
        refused = {f"{path}: {name}" for path, tree in modules(folder) for name in names_in(path, tree) if is_refused(name)}
        assert sorted(refused) == []

    def test_the_allow_list_stays_short(self):
        assert len(ALLOWED) <= 10

    def test_an_alias_of_a_request_dependency_ends_in_dep(self):
        aliases = [
            (f"{path}: {target.id}", target.id)
            for path, tree in modules(*SERVICES)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Annotated[") and "Depends(" in ast.unparse(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        ]
        assert [name for name, alias in aliases if not alias.endswith("Dep")] == []
        assert aliases

    @pytest.mark.parametrize("service", SERVICES)
    def test_two_classes_of_a_service_never_share_a_name(self, service):
        classes = Counter(node.name for _, tree in modules(service) for node in tree.body if isinstance(node, ast.ClassDef))
        assert [name for name, count in classes.items() if count > 1] == []


class TestTypes:
    def test_rows_have_types(self):
        loose = [
            f"{path}:{inner.lineno}"
            for path, tree in modules(*SERVICES)
            for annotation in annotations_in(tree)
            for inner in ast.walk(annotation)
            if is_loose(inner)
        ]
        assert len(loose) <= LOOSE_TYPES, loose


class TestDocstrings:
    @pytest.mark.parametrize("folder", [*PRODUCT, "tests"])
    def test_a_docstring_is_the_first_statement_of_what_it_describes(self, folder):
        assert [f"{path}:{line}" for path, tree in modules(folder) for line in misplaced_strings(tree)] == []

    def test_the_check_finds_a_docstring_that_slid_into_another_function(self):
        slid = 'def first():\n    "First."\n    "Second."\n\ndef second():\n    return 1\n    "Second."\n\n"Third."\nif x:\n    "Fourth."'
        assert sorted(misplaced_strings(ast.parse(slid))) == [3, 7, 9, 11]
        good = '"Module."\nx = 1\n"Of x."\nclass C:\n    "Class."\n    def f(self):\n        "Method."\n        self.a = 1\n        "Of a."'
        assert list(misplaced_strings(ast.parse(good))) == []


class TestPolicyFiles:
    def test_a_slice_with_policy_files_reads_them_in_its_room_policy_and_data_holds_no_code(self):
        folders = [path for service in SERVICES for path in sorted((ROOT / service).rglob("data")) if path.is_dir()]
        rooms = {path: [path.parent / "policy.py", path.parent / "policy/__init__.py"] for path in folders}  # a large room is a package
        assert [str(path) for path in folders if not any(room.exists() for room in rooms[path]) or list(path.rglob("*.py"))] == []
        assert len(folders) > 10


class TestSizes:
    def test_a_module_is_one_idea(self):
        long = {str(path): tree.body for path, tree in modules(*PRODUCT, "tests") if count_lines(path) > LINES}
        assert sorted(long) == []


def count_lines(path):
    return len((ROOT / path).read_text(encoding="utf-8").splitlines())
