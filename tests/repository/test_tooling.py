"""Tools that are named in more than one file are the same tools."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def lint_commands() -> list[str]:
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    return [line.strip().removeprefix("@").replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]


def hooks() -> list[dict[str, object]]:
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    return repository["hooks"]


class TestPreCommit:
    def test_its_hooks_are_the_commands_of_make_lint(self):
        assert [hook["entry"] for hook in hooks()] == lint_commands()

    def test_they_run_from_the_installed_environment_over_the_whole_tree(self):
        for hook in hooks():
            assert hook["language"] == "system"
            assert hook["pass_filenames"] is False
            assert str(hook["entry"]).startswith(".venv/bin/")


class TestEditorConfig:
    def test_its_line_length_is_the_formatter_s(self):
        length = re.search(r"^max_line_length = (\d+)", (ROOT / ".editorconfig").read_text(), re.MULTILINE)
        limit = re.search(r"^line-length = (\d+)", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
        assert length
        assert limit
        assert length[1] == limit[1]
