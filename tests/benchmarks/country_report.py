"""The tables of the country benchmark."""

import os
import platform
from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.table import Table

from tests.benchmarks.country_people import SHARES
from tests.benchmarks.country_result import Result
from tests.benchmarks.country_usage import LOAD, POSTGRES


def print_result(console: Console, result: Result) -> None:
    """Print what was measured, and what was lost or differs."""
    console.print(_whole(result))
    console.print(_processes(result))
    console.print(_events(result))
    if result.verified:
        console.print("aryz verify: every check holds")
    else:
        console.print(result.verification, markup=False, highlight=False)
    actions = {name: count for name, count in result.actions.items() if isinstance(count, int)}
    console.print(f"{SHARES}: {actions}", highlight=False)
    for difference in result.differences[:20]:
        console.print(f"differs: {difference}", style="red", markup=False)
    if result.missing:
        console.print(f"{result.missing} accepted appeals are not counted", style="red")
    if result.appeals < result.wanted:
        console.print(f"{result.appeals} of {result.wanted} appeals were sent within the time", style="red")
    console.print("[green]nothing is lost, everything agrees[/]" if result.is_sound else "[red]the run is not sound[/]")


def _whole(result: Result) -> Table:
    title = f"{result.appeals} appeals: {os.cpu_count()} cores, Python {platform.python_version()}"
    table = Table("", "p50", "p99", title=title, title_justify="left")
    table.columns[1].justify = table.columns[2].justify = "right"
    table.add_row("first sent to last counted, s", f"{result.seconds:.1f}", "")
    table.add_row("counted a second", f"{result.per_second:.0f}", "")
    table.add_row("accepted a second", f"{result.accepted_per_second:.0f}", "")
    table.add_row("until people and events were done, s", f"{result.quiet_seconds:.1f}", "")
    for name, stage in result.stages.items():
        table.add_row(f"{name}, ms", f"{stage.p50:.0f}", f"{stage.p99:.0f}")
    table.add_row("events per appeal", f"{result.events_per_appeal:.2f}", "")
    table.add_row("databases at the end, MB", f"{result.disk_mb:.0f}", "")
    return table


def with_sums(spent: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Yield the processes, the most expensive first, then PostgreSQL's sum and the sum of all."""
    yield from sorted(spent.items(), key=lambda pair: -pair[1])
    yield f"all of {POSTGRES}", sum(each for name, each in spent.items() if name.startswith(POSTGRES))
    yield "together", sum(spent.values())


def _processes(result: Result) -> Table:
    columns = ("Process", "Processor ms per appeal", "Share", "Idle, ms per second", "Peak MB")
    table = Table(*columns, title="Where the processors' time went; the load generator is apart", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    idle, together = dict(with_sums(result.idle_ms_per_second)), sum(result.processor_ms.values())
    for name, spent in with_sums(result.processor_ms):
        peak = result.peak_mb.get(name)
        table.add_row(name, f"{spent:.3f}", f"{spent / together:.1%}", f"{idle.get(name, 0.0):.1f}", "" if peak is None else f"{peak:.0f}")
    table.add_row(LOAD, f"{result.load_ms:.3f}", "", "", f"{result.peak_mb.get(LOAD, 0.0):.0f}")
    return table


def _events(result: Result) -> Table:
    table = Table("Event", "Number", "Per appeal", title="Events of appeals", title_justify="left")
    table.columns[1].justify = table.columns[2].justify = "right"
    for name, count in result.events_by_type.items():
        table.add_row(name, f"{count}", f"{count / result.appeals:.3f}")
    return table
