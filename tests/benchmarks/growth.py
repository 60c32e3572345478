"""`make bench-growth`: what an appeal costs when 10 thousand, 100 thousand and a million are stored.

On one pair of engines some appeals go through the suite. For each size the suite is stopped, the stored appeals are copied in SQL until
there are so many, and APPEALS more are sent at full speed. Prints tables and writes `.run/growth.json`, and `.run/growth.md` for
docs/capacity.md. Exits with 1 if an appeal is lost.

The suite is new at every size, after the same warm-up, and so is PostgreSQL: what a process has cached does not depend on the earlier
sizes. The broker goes on, because its first minutes are not typical of it.
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from suite.processes import ProcessEnded
from tests.benchmarks import growth_statements
from tests.benchmarks.country_people import HANDLED_EVERY
from tests.benchmarks.country_run import Order, OutOfTime
from tests.benchmarks.ground import Ground, engines
from tests.benchmarks.growth_copy import Sources, TooManyAppeals, grow, prepare
from tests.benchmarks.growth_report import markdown, print_result
from tests.benchmarks.growth_run import PREFIX, SizeResult, measure, send_base, warm_up

SIZES = (10_000, 100_000, 1_000_000)
APPEALS = 15_000
BASE = 900  # appeals that are copied: of three, clerks answer two, which are closed then
BASE_HANDLED = (2, 3)
MINUTES = 20.0  # for each size without its copies
LOG_WIDTH = 140
RESULT = Path(".run/growth.json")


@dataclass(frozen=True)
class GrowthOrder:
    """Which sizes to measure, in ascending order, with how many appeals each, and how many go through the suite to be copied."""

    sizes: Sequence[int] = SIZES
    appeals: int = APPEALS
    base: int = BASE
    seed: int = 1
    minutes: float = MINUTES


@dataclass
class Steps:
    """The progress bar of each step; in a log, a line at its end."""

    console: Console
    progress: Progress

    def begin(self, name: str, total: int) -> "Step":
        return Step(self, name, self.progress.add_task(name, total=total), time.monotonic())


@dataclass
class Step:
    """A step under way."""

    steps: Steps
    name: str
    task: TaskID
    began: float

    def show(self, done: int) -> None:
        self.steps.progress.update(self.task, completed=done)

    def show_accepted(self, counts: Mapping[str, int]) -> None:
        if "accepted" in counts:
            self.show(counts["accepted"])

    def end(self) -> float:
        """Return the seconds that the step took."""
        seconds = time.monotonic() - self.began
        self.steps.progress.remove_task(self.task)
        self.steps.console.print(f"{self.name}: {seconds:.0f} s", style="dim", highlight=False)
        return seconds


async def _every_size(ground: Ground, order: GrowthOrder, folder: Path, console: Console) -> list[SizeResult]:
    await _watch_statements(ground)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        steps = Steps(console, progress)
        step = steps.begin("appeals to copy", order.base)
        handled, handled_every = BASE_HANDLED
        base = Order(order.base, order.seed, minutes=order.minutes, handled=handled, handled_every=handled_every)
        await send_base(ground, base, folder, step.show_accepted)
        sources = await prepare(ground, PREFIX)
        step.end()
        return [await _one_size(ground, order, number, sources, folder, steps) for number in range(len(order.sizes))]


async def _one_size(ground: Ground, order: GrowthOrder, number: int, sources: Sources, folder: Path, steps: Steps) -> SizeResult:
    size = order.sizes[number]
    step = steps.begin(f"copies up to {size}", size)
    await grow(ground, PREFIX, sources, size - warm_up(order.appeals), step.show)
    copy_seconds = step.end()
    step = steps.begin(f"appeals after {size}", order.appeals)
    try:
        sent = Order(order.appeals, order.seed + 1 + number, minutes=order.minutes, handled=1, handled_every=HANDLED_EVERY)
        return await measure(ground, sent, folder, copy_seconds, step.show_accepted)
    finally:
        step.end()


async def _watch_statements(ground: Ground) -> None:
    address = f"{ground.postgres.url}/postgres"
    server = await asyncpg.connect(address)
    try:
        await growth_statements.prepare(server)
    finally:
        await server.close()
    await asyncio.to_thread(ground.postgres.restart)
    server = await asyncpg.connect(address)
    try:
        await growth_statements.create(server)
    finally:
        await server.close()


def on_ground(ground: Ground, order: GrowthOrder, folder: Path, console: Console) -> list[SizeResult]:
    """Measure every size on the engines. The PostgreSQL server is restarted. `folder` holds the requests."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_every_size(ground, order, folder, console))


def run(order: GrowthOrder, console: Console) -> list[SizeResult]:
    """Run on engines of its own, which are removed. Raises OutOfTime, ProcessEnded, TooManyAppeals and EngineMissing."""
    with tempfile.TemporaryDirectory(prefix="aryz-growth-") as folder, engines(Path(folder)) as ground:
        return on_ground(ground, order, Path(folder), console)


def write(path: Path, sizes: Sequence[SizeResult]) -> None:
    """Write the figures as JSON, and next to them the table of docs/capacity.md."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in sizes], indent=2, ensure_ascii=False) + "\n")
    path.with_suffix(".md").write_text(markdown(sizes))


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the engines are removed
    chosen = _arguments()
    console = Console() if sys.stdout.isatty() else Console(width=LOG_WIDTH)
    try:
        sizes = run(GrowthOrder(sorted(chosen.sizes), chosen.appeals, seed=chosen.seed, minutes=chosen.minutes), console)
    except (OutOfTime, ProcessEnded, TooManyAppeals) as failure:
        console.print(str(failure), style="red", markup=False)
        return 1
    write(chosen.result, sizes)
    print_result(console, sizes)
    console.print(f"written to {chosen.result}, the table of docs/capacity.md to {chosen.result.with_suffix('.md')}", highlight=False)
    return 1 if any(each.missing for each in sizes) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="stored appeals, separated by commas")
    parser.add_argument("--appeals", type=int, default=APPEALS, help="how many are sent at each size")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="the limit of each size without its copies")
    parser.add_argument("--result", type=Path, default=RESULT, help="the file of the result")
    return parser.parse_args()


def _sizes(given: str) -> list[int]:
    return [int(each) for each in given.split(",")]


if __name__ == "__main__":
    sys.exit(main())
