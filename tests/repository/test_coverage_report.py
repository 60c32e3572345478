import json

import pytest

from tests import coverage_report
from tests.coverage_report import FLOORS, below, main, package_of, shares


def file(lines, branches=(0, 0)):
    counts = zip(("covered_lines", "missing_lines", "covered_branches", "missing_branches"), (*lines, *branches), strict=True)
    return {"summary": dict(counts)}


class TestShares:
    @pytest.mark.parametrize(("name", "package"), [("services/intake/intake/app.py", "intake"), ("shared/clock.py", "shared")])
    def test_a_file_counts_for_its_package(self, name, package):
        assert package_of(name) == package

    def test_lines_and_branches_are_summed_before_they_are_divided(self):
        files = {"shared/a.py": file((9, 1), (1, 1)), "shared/b.py": file((0, 10)), "services/routing/routing/c.py": file((1, 0))}
        assert shares(files) == {"routing": (100, 100), "shared": (45, 50)}


class TestFloors:
    def test_a_package_under_one_of_its_floors_or_not_measured_is_named(self):
        found = {"a": (90.0, 80.0), "b": (90.0, 79.9)}
        assert below(found, {"a": (90, 80), "b": (90, 80), "c": (1, 1)}) == ["b", "c"]

    def test_the_command_fails_below_the_floor(self, tmp_path, monkeypatch, capsys):
        report = tmp_path / "coverage.json"
        report.write_text(json.dumps({"files": {"shared/a.py": file((9, 1))}}))
        monkeypatch.setattr(coverage_report, "FLOORS", {"shared": (90, 90)})
        assert main(report) == 0
        monkeypatch.setattr(coverage_report, "FLOORS", {"shared": (91, 90)})
        assert main(report) == 1
        assert "below the floor: shared" in capsys.readouterr().err

    def test_every_service_has_a_floor(self):
        assert set(FLOORS) == {"intake", "routing", "provider_contact", "analytics", "shared"}
