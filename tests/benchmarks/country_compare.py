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

    def ratios(self, figures: Callable[[Measured], Figures]) -> dict[str, tuple[float, float, float | None]]:
        """Return the medians before and after and their ratio, by figure. A figure that one side lacks counts as 0."""
        sides = [[figures(each) for each in side] for side in (self.before, self.after)]
        found = {}
        for name in dict.fromkeys(name for side in sides for each in side for name in each):
            old, new = (median(each.get(name, 0.0) for each in side) for side in sides)
            found[name] = old, new, new / old if old else None
        return found

    def _table(self, title: str, figures: Callable[[Measured], Figures]) -> Table:
        table = Table("", "Before", "After", "After / before", "Runs before", "Runs after", title=f"{title}: medians", title_justify="left")
        for column in table.columns[1:]:
            column.justify = "right"
        for name, (old, new, ratio) in self.ratios(figures).items():
            runs = (", ".join(f"{figures(each).get(name, 0.0):.4g}" for each in side) for side in (self.before, self.after))
            table.add_row(name, f"{old:.4g}", f"{new:.4g}", "" if ratio is None else f"{ratio:.3f}", *runs)
        return table


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
    results: dict[Path, list[Measured]] = {before: [], after: []}
    with tempfile.TemporaryDirectory(prefix="aryz-country-") as folder:
        for number, checkout in enumerate([before, after, after, before] * rounds, 1):
            console.print(f"run {number} of {4 * rounds}: {'before' if checkout == before else 'after'}")
            results[checkout].append(_run(checkout, arguments, Path(folder) / f"{number}.json"))
    return Comparison(results[before], results[after])


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
