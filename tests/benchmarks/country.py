"""`make bench-country`: half a year of a country's appeals (474 708, in the published proportions) through the whole suite.

HTTP, Kafka and PostgreSQL, an api and a worker process of every service, with clerks, applicants and providers at work. Prints tables
and writes `.run/country.json`. Exits with 1 if an appeal is lost, a figure differs, `aryz verify` finds anything, or time runs out.
AGAINST=FOLDER runs another checkout and this one in turn instead, and compares them.
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import asyncpg
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from suite.processes import ProcessEnded
from tests.benchmarks import country_run
from tests.benchmarks.country_compare import NotComparable, compare
from tests.benchmarks.country_people import HANDLED_EVERY
from tests.benchmarks.country_report import print_result
from tests.benchmarks.country_result import Result
from tests.benchmarks.country_run import Order, OutOfTime
from tests.benchmarks.country_stages import remember_commits
from tests.benchmarks.ground import Ground, engines

HALF_YEAR = 474_708  # source: the Fund's report on the first half of 2021
COMPARED = 20_000  # appeals of each run of a comparison
LOG_WIDTH = 140
RESULT = Path(".run/country.json")
PROFILES = Path(".run/country-profile")


def measure(order: Order, console: Console) -> Result:
    """Run the order on engines of its own, which are removed. Raises OutOfTime, ProcessEnded and EngineMissing."""
    with tempfile.TemporaryDirectory(prefix="aryz-country-") as folder, engines(Path(folder)) as ground:
        return on_engines(ground, order, Path(folder), console)


def on_engines(ground: Ground, order: Order, folder: Path, console: Console) -> Result:
    """Run the order with a progress bar. The PostgreSQL server is restarted."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_prepare(ground))
        ground.postgres.restart()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
            totals = {"accepted": order.appeals, "counted": order.appeals, "closed": -(-order.appeals // HANDLED_EVERY)}
            tasks = {name: progress.add_task(name, total=total) for name, total in totals.items()}

            def show(counts: Mapping[str, int]) -> None:
                for name in counts.keys() & tasks.keys():
                    progress.update(tasks[name], completed=counts[name])

            return runner.run(country_run.run(ground, order, folder, show))


async def _prepare(ground: Ground) -> None:
    server = await asyncpg.connect(f"{ground.postgres.url}/postgres")
    try:
        await remember_commits(server)
    finally:
        await server.close()


def main() -> int:
    chosen = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped
    console = Console() if sys.stdout.isatty() else Console(width=LOG_WIDTH)
    try:
        return _compare(chosen, console) if chosen.against else _measure(chosen, console)
    except (OutOfTime, ProcessEnded, NotComparable) as failure:
        console.print(str(failure), style="red", markup=False)
        return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--appeals", type=int, help=f"how many: {HALF_YEAR}, or {COMPARED} in each run of a comparison")
    parser.add_argument("--rate", type=float, help="appeals a second by the clock; by default as fast as they are accepted")
    parser.add_argument("--minutes", type=float, default=40.0, help="the limit of a run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--extra", type=lambda given: given.split(","), default=(), metavar="SERVICES", help="a second worker of these services"
    )
    parser.add_argument("--profile", action="store_true", help=f"sample the stacks of the suite's processes into {PROFILES}")
    parser.add_argument("--result", type=Path, default=RESULT, help="the file of the result")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout with its own .venv, run in turn with this one")
    parser.add_argument("--rounds", type=int, default=1, help="of a comparison: A, B, B, A each")
    return parser.parse_args()


def _measure(chosen: argparse.Namespace, console: Console) -> int:
    profile = PROFILES if chosen.profile else None
    if profile is not None:
        profile.mkdir(parents=True, exist_ok=True)
    order = Order(chosen.appeals or HALF_YEAR, chosen.seed, chosen.rate, chosen.minutes, profile, extra=chosen.extra)
    result = measure(order, console)
    chosen.result.parent.mkdir(parents=True, exist_ok=True)
    chosen.result.write_text(json.dumps(asdict(result), indent=2, ensure_ascii=False) + "\n")
    print_result(console, result)
    console.print(f"written to {chosen.result}{f', profiles to {profile}' if profile else ''}", highlight=False)
    return 0 if result.is_sound else 1


def _compare(chosen: argparse.Namespace, console: Console) -> int:
    given = {"appeals": chosen.appeals or COMPARED, "seed": chosen.seed, "minutes": chosen.minutes, "rate": chosen.rate}
    arguments = [part for name, value in given.items() if value is not None for part in (f"--{name}", str(value))]
    comparison = compare(chosen.against, arguments, chosen.rounds, console)
    chosen.result.parent.mkdir(parents=True, exist_ok=True)
    compared = chosen.result.with_stem(f"{chosen.result.stem}-compared")
    compared.write_text(json.dumps(asdict(comparison), indent=2, ensure_ascii=False) + "\n")
    for table in comparison.tables():
        console.print(table)
    console.print(f"written to {compared}", highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
