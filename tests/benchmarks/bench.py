"""`make bench`: the benchmarks on engines of their own, a table of what they say, and `.run/bench.json`.

PARTS=accept,consume,relay,end-to-end chooses; what was not run keeps its figures in the file.
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from tests.benchmarks import accept, consume, end_to_end, relay
from tests.benchmarks.ground import Ground, engines

RESULT = Path(".run/bench.json")
PARTS: Mapping[str, Callable[[Ground], dict[str, Any]]] = {
    "accept": lambda ground: accept.run(ground.postgres.url),
    "relay": lambda ground: _run(relay.run(ground)),
    "end-to-end": lambda ground: _run(end_to_end.run(ground)),
    "consume": lambda ground: _run(consume.run(ground)),
}
# What each figure is held to: whether more is better, the least (or most) allowed, and the aim.
TARGETS: Mapping[str, tuple[str, float, float | None]] = {
    "accept_ratio": (">=", 0.8, 1.0),
    "accept_per_second": (">=", 0, None),
    "accept_p99_ratio": ("<=", 2.0, None),
    "consume_ratio": (">=", 0.4, None),
    "relay_per_second": (">=", 10_000, None),
    "end_to_end_per_second": (">=", 400, 800),
    "routed_p99_ms_full": ("<=", 2000, None),
    "routed_p99_ms_at_100": ("<=", 250, None),
}


def _run(part: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """On the loop that the processes of the product run on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(part)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="of " + ", ".join(PARTS))
    chosen = [part for part in parser.parse_args().parts.split(",") if part]
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped
    console = Console()
    figures: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() and len(chosen) < len(PARTS) else {}
    with tempfile.TemporaryDirectory(prefix="aryz-bench-") as folder:
        for part in chosen:
            began = perf_counter()
            with engines(Path(folder) / part) as ground:  # fresh ones for each: what one part leaves behind costs the next nothing
                figures |= PARTS[part](ground)
            console.print(f"{part}: {perf_counter() - began:.0f} s")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=2) + "\n")
    console.print(_table(figures))
    for each in [*figures.get("end_to_end_rounds", []), *figures.get("at_100_rounds", [])[:1]]:
        console.print(_profile(each))
    console.print(f"written to {RESULT}")
    return 0


def _table(figures: Mapping[str, Any]) -> Table:
    title = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    table = Table("Figure", "Measured", "At least / at most", "Aim", title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, (sign, bound, aim) in TARGETS.items():
        if (value := figures.get(name)) is None:
            continue
        holds = value >= bound if sign == ">=" else value <= bound
        limit = f"{sign} {bound:g}" if bound else ""
        table.add_row(name, f"{value:g}" if holds else f"[red]{value:g}[/]", limit, f"{aim:g}" if aim else "")
    return table


def _profile(run: Mapping[str, Any]) -> Table:
    """Where the processors' time went, the dearest first."""
    spent: Mapping[str, float] = run["processor_seconds_per_1000"]
    table = Table("Process", "Processor seconds per 1000 appeals", title=f"at {run['per_second']:g} appeals/s", title_justify="left")
    table.columns[1].justify = "right"
    for name, seconds in sorted(spent.items(), key=lambda pair: -pair[1]):
        table.add_row(name, f"{seconds:.3f}")
    table.add_row("together", f"{sum(spent.values()):.3f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
