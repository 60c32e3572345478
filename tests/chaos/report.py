"""What a run showed, as plain text to keep."""

import os
import platform
import textwrap
from dataclasses import dataclass

from suite.demo.timing import percentile

WIDTH = 100
MEANING = """A fault begins when the signal is sent. It counts as recovered when two rounds of complaints have gone through all services,
one sent right after the fault and one after what was suspended goes on or what was killed is replaced, each with an appeal
accepted for every partition of the log: routed, tracked, its provider matched and asked, and counted; and when every process
says that it is ready. What is suspended stays so for 1 to 8 s, which are part of the figure. Killed processes are started
again at once, as a supervisor does; a killed broker comes back only after the recovery, and the next fault waits until all
three brokers have every record."""


@dataclass(frozen=True)
class Recovery:
    """Seconds from the run's beginning, and from the fault."""

    kind: str
    target: str
    at: float
    seconds: float


@dataclass(frozen=True)
class Run:
    seed: int
    date: str
    ground: str
    """Versions and numbers of what was struck."""
    seconds: float
    recoveries: list[Recovery]
    totals: dict[str, int]
    checks: list


def all_percentiles(seconds):
    ascending = sorted(seconds)
    return (percentile(ascending, 50), percentile(ascending, 95), ascending[-1])


def written(run: Run) -> str:
    """The whole report."""
    lines = [
        f"Aryz on Kafka and PostgreSQL under {len(run.recoveries)} faults",
        "",
        *textwrap.wrap(f"{run.date}, seed {run.seed}, {run.seconds:.0f} s, {os.cpu_count()} cores, Python {platform.python_version()}, "
                       f"{run.ground}", WIDTH),
        "",
        *_recoveries(run.recoveries),
        "",
        *textwrap.wrap(" ".join(MEANING.split()), WIDTH),
        "",
        *(f"{name:66}{number:10}" for name, number in run.totals.items()),
        "",
        f"{'promise':66}{'looked at':>10}{'wrong':>8}",
        *(f"{check.name:66}{check.looked_at:10}{len(check.wrong):8}" for check in run.checks),
        "",
        f"{'at s':>6}  {'fault':30}{'recovered after s':>18}  target",
        *(f"{each.at:6.0f}  {each.kind:30}{each.seconds:18.1f}  {each.target}" for each in run.recoveries),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _recoveries(recoveries):
    yield f"{'recovery in seconds':30}{'faults':>8}{'p50':>8}{'p95':>8}{'max':>8}"
    for kind in sorted({each.kind for each in recoveries}):
        yield _row(kind, [each.seconds for each in recoveries if each.kind == kind])
    yield _row("all", [each.seconds for each in recoveries])


def _row(name, seconds):
    figures = "".join(f"{each:8.1f}" for each in all_percentiles(seconds))
    return f"{name:30}{len(seconds):8}{figures}"
