"""Two checkouts in turn, each with its own code and `.venv`: A, B, B, A, so that a machine that becomes slower burdens both."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.country_report import with_sums

HERE = Path(__file__).parents[2]
PYTHON = Path(".venv/bin/python")
HARNESS = ("tests/benchmarks/country*.py", "tests/benchmarks/client.py", "deploy/suite/demo/*")
"""What makes the traffic: if these differ, so does perhaps the load."""
Measured = Mapping[str, Any]
"""The content of a `country.json`."""
Figures = Mapping[str, float]


class NotComparable(RuntimeError):
    """A checkout cannot be run, or its run was not sound."""


@dataclass(frozen=True)
class Comparison:
    """The runs of both checkouts in their order."""

    before: Sequence[Measured]
    after: Sequence[Measured]

    def tables(self) -> Iterator[Table]:
        yield self._table("Processor ms per appeal", _processor)
        yield self._table("The whole run", _whole)
        yield self._table("Peak MB", lambda each: each["peak_mb"])

    def changes(self, figures: Callable[[Measured], Figures]) -> dict[str, "Change"]:
        """Return what became of each figure. A run that lacks a figure counts as 0."""
        sides = [[figures(each) for each in side] for side in (self.before, self.after)]
        names = dict.fromkeys(name for side in sides for each in side for name in each)
        return {name: Change(*([each.get(name, 0.0) for each in side] for side in sides)) for name in names}

    def _table(self, title: str, figures: Callable[[Measured], Figures]) -> Table:
        columns = ("", "Before", "After", "After / before", "Apart", "Runs before", "Runs after")
        table = Table(*columns, title=f"{title}: medians", title_justify="left")
        for column in table.columns[1:]:
            column.justify = "right"
        for name, change in self.changes(figures).items():
            ratio = "" if change.ratio is None else f"{change.ratio:.3f}"
            runs = (", ".join(f"{each:.4g}" for each in side) for side in (change.before, change.after))
            table.add_row(name, f"{median(change.before):.4g}", f"{median(change.after):.4g}", ratio, "yes" if change.apart else "", *runs)
        return table


@dataclass(frozen=True)
class Change:
    """A figure of every run before and after."""

    before: list[float]
    after: list[float]

    @property
    def ratio(self) -> float | None:
        """The median after over the median before. None if that is 0."""
        return median(self.after) / median(self.before) if median(self.before) else None

    @property
    def apart(self) -> bool:
        """Whether every run after differs from every run before in the same direction: the scatter of the machine does not explain it."""
        return max(self.after) < min(self.before) or min(self.after) > max(self.before)


def _processor(measured: Measured) -> Figures:
    return dict(with_sums(measured["processor_ms"])) | {"load generator": measured["load_ms"]}


def _whole(measured: Measured) -> Figures:
    spans = {f"{name}, {percentile} ms": stage[percentile] for name, stage in measured["stages"].items() for percentile in ("p50", "p99")}
    names = ("seconds", "per_second", "accepted_per_second", "quiet_seconds", "events_per_appeal", "disk_mb")
    return {name: measured[name] for name in names} | spans


def compare(other: Path, arguments: Sequence[str], rounds: int, console: Console) -> Comparison:
    """Run `other` (before) and this checkout (after) in turn, `rounds` times A, B, B, A. Raises NotComparable."""
    before, after = other.resolve(), HERE
    for checkout in (before, after):
        _make_ready(checkout)
    if _harness(before) != _harness(after):
        console.print("[yellow]The checkouts differ in the benchmark itself: the load may differ too[/]")
    runs: list[tuple[Path, list[Measured]]] = [(before, []), (after, [])]
    first, second = runs
    with tempfile.TemporaryDirectory(prefix="aryz-country-") as folder:
        for number, (checkout, measured) in enumerate([first, second, second, first] * rounds, 1):
            console.print(f"run {number} of {4 * rounds}: {'before' if measured is first[1] else 'after'}")
            measured.append(_run(checkout, arguments, Path(folder) / f"{number}.json"))
    return Comparison(first[1], second[1])


def _make_ready(checkout: Path) -> None:
    for needed in (PYTHON, Path("tests/benchmarks/country.py")):
        if not (checkout / needed).exists():
            raise NotComparable(f"{checkout} has no {needed}; `make install` there, and a checkout with this benchmark, are needed")
    _command(checkout, "engines", "kafka-libs")


def _run(checkout: Path, arguments: Sequence[str], result: Path) -> Measured:
    _command(checkout, "tests.benchmarks.country", "--result", str(result), *arguments)
    measured: Measured = json.loads(result.read_text())
    return measured


def _command(checkout: Path, module: str, *arguments: str) -> None:
    """Run a module of the checkout with its own Python. Raises NotComparable with the end of its output."""
    command = [str(checkout / PYTHON), "-m", module, *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    process = subprocess.Popen(command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = process.communicate()
    except BaseException:
        process.terminate()  # it stops what it started
        process.wait()
        raise
    if process.returncode:
        raise NotComparable(f"{checkout}: {module} ended with {process.returncode}:\n{output[-3000:]}")


def _harness(checkout: Path) -> dict[str, str]:
    files = sorted(path for pattern in HARNESS for path in checkout.glob(pattern) if path.is_file() and "compare" not in path.name)
    return {str(path.relative_to(checkout)): sha256(path.read_bytes()).hexdigest() for path in files}
