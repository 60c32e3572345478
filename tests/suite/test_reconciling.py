"""`aryz reconcile` as a person meets it, without a running suite."""

from importlib.resources import files

import pytest
from typer.testing import CliRunner

from suite.cli import app

EXAMPLES = files("analytics.reconciliations") / "data" / "examples"


def aryz(*arguments):
    return CliRunner().invoke(app, ["reconcile", *map(str, arguments)], env={"COLUMNS": "200"})


class TestReconcile:
    def test_it_lists_the_contradictions_and_exits_with_1(self):
        done = aryz(EXAMPLES / "kyzylorda-2025.csv", "--language", "ru")
        assert done.exit_code == 1
        assert done.output.count("CONTRADICTION") == 2
        assert "13,1" in done.output
        assert "19 rows" in done.output

    def test_a_statistic_without_contradictions_exits_with_0(self):
        assert aryz(EXAMPLES / "almaty-2019.csv").exit_code == 0

    @pytest.mark.parametrize(("text", "problem"), [("a;b\n1;2\n", "invalid-input"), ("value\n" + "x" * 2**20, "larger than 1 MB")])
    def test_a_file_that_cannot_be_checked_is_one_sentence(self, tmp_path, text, problem):
        file = tmp_path / "a.csv"
        file.write_text(text, encoding="utf-8")
        done = aryz(file)
        assert done.exit_code == 1
        assert problem in done.output
        assert "Traceback" not in done.output

    def test_a_suite_that_does_not_answer_is_one_sentence(self, tmp_path):
        done = aryz(EXAMPLES / "almaty-2019.csv", "--url", "http://127.0.0.1:9", "--data", tmp_path)
        assert done.exit_code == 1
        assert "does not answer" in done.output

    def test_an_unknown_language_is_refused(self):
        assert "known: kk, ru, en" in aryz(EXAMPLES / "almaty-2019.csv", "--language", "de").output
