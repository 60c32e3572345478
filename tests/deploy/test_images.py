"""deploy/Dockerfile and the packages of each image."""

import ast
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from images.requirements import PARTS, SERVICES, direct, locked, needed

ROOT = Path(__file__).parents[2]
FOLDERS = {"shared": ROOT, "suite": ROOT / "deploy"} | {each.replace("-", "_"): ROOT / "services" / each for each in PARTS["operations"]}
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
INSTRUCTIONS = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if re.match(r"[A-Z]+ ", line)]
LAST = INSTRUCTIONS[max(number for number, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM") :]


def values(name):
    return [value for instruction, value in LAST if instruction == name]


class TestDockerfile:
    def test_it_builds_in_one_stage_and_runs_in_another(self):
        assert [value for name, value in INSTRUCTIONS if name == "FROM"] == ["${BASE} AS build", "${BASE}"]
        assert values("COPY") == ["--from=build /opt/aryz /opt/aryz", "sbom.json /usr/share/doc/aryz/sbom.json"]

    def test_it_runs_as_a_user_without_a_name_to_look_up(self):
        assert values("USER") == ["10001:10001"]

    def test_it_says_what_it_is_and_whether_it_lives(self):
        [labels] = values("LABEL")
        assert set(re.findall(r"org\.opencontainers\.image\.(\w+)=", labels)) == {"title", "description", "version", "revision"}
        assert len(values("HEALTHCHECK")) == 1

    def test_its_environment_holds_no_secret(self):
        [environment] = values("ENV")
        assert re.findall(r"(\w+)=", environment) == ["PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "HOME", "ARYZ_DATA"]

    def test_packages_come_from_the_locked_wheels_alone(self):
        [install] = [value for name, value in INSTRUCTIONS if name == "RUN" and "pip install" in value]
        assert {"--no-index", "--no-deps", "--require-hashes"} <= set(install.split())


@cache
def file_of(module):
    """Return the file of a module of ours; None for a name inside a module."""
    path = FOLDERS[module.partition(".")[0]].joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


@cache
def imported(file):
    """Return all names that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def packages_of(service):
    """Return the top-level packages that the code of an image imports, directly or through `shared`."""
    if service == "suite":
        files = {file_of("suite.front")}
    else:  # the `aryz` command loads the modules of `suite` by name
        packages = [each.replace("-", "_") for each in PARTS.get(service, (service,))] + ["suite"] * (service == "operations")
        files = {file for package in packages for file in file_of(package).parent.rglob("*.py")}
    waiting, others = list(files), set()
    while waiting:
        for name in imported(waiting.pop()):
            top = name.partition(".")[0]
            if top in FOLDERS:
                found = {file_of(name), *(file_of(name[: dot.start()]) for dot in re.finditer(r"\.", name))} - {None} - files
                files |= found
                waiting += found
            elif top not in sys.stdlib_module_names:
                others.add(top)
    return others


distributions = cache(packages_distributions)


@pytest.mark.parametrize("service", SERVICES)
class TestRequirements:
    def test_an_image_has_every_package_that_its_code_imports(self, service):
        found = set(needed(service))
        names = {top: {name.lower().replace("_", "-") for name in distributions()[top]} for top in packages_of(service)}
        assert len(names) > 10
        assert {top for top, options in names.items() if not options & found} == set()

    def test_an_image_has_what_its_service_lists_and_what_that_needs(self, service):
        packages, found = locked(), set(needed(service))
        assert len(direct(service)) > 20
        assert direct(service) <= found
        assert {name for name in found if not packages[name][1] & (found | {"aryz"})} == set()

    def test_it_has_nothing_for_developers_and_nothing_of_other_services(self, service):
        found = set(needed(service))
        assert not found & {"pytest", "mypy", "ruff", "playwright", "scikit-learn", "kubernetes-validate"}
        assert ("aiogram" in found) == (service in {"intake", "operations"})
        assert ("pyarrow" in found) == (service in {"analytics", "operations"})

    def test_every_package_is_pinned_with_its_hashes(self, service):
        packages = locked()
        assert all(re.match(r"[\w.-]+==[\w.]+ .*--hash=sha256:", packages[name][0], re.DOTALL) for name in needed(service))
