"""`aryz verify`: every promise of the suite, checked over the log and all stores."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from suite.verification.checks import Check, all_checks
from suite.verification.stores import Stores

PATIENCE_SECONDS = 30
POLL_SECONDS = 0.1

__all__ = ["Check", "NothingThere", "run", "verify"]


class NothingThere(ValueError):
    """The data folder holds no suite's data."""


def run(data: Path, console: Console | None = None) -> bool:
    """Wait for quiet, check, and print the table. Returns whether everything holds; raises NothingThere."""
    is_quiet, checks = asyncio.run(verify(data))
    console = console or Console()
    console.print(_table(checks))
    if not is_quiet:
        console.print(
            f"[bold]Not quiet within {PATIENCE_SECONDS} s:[/] events are still under way; the table shows the moment the wait ended."
        )
    return is_quiet and all(check.holds for check in checks)


async def verify(data: Path, *, patience: float = PATIENCE_SECONDS) -> tuple[bool, Sequence[Check]]:
    """Whether the stores became quiet, and what the checks found. Appeals that arrive meanwhile make it look again."""
    if not (data / "events.db").exists():
        raise NothingThere(f"there is no data at {data}; start `aryz up` first, or name the folder with --data")
    stores = Stores.open(data)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    try:
        while True:
            while not (quiet := await stores.is_quiet()) and loop.time() < deadline:  # noqa: ASYNC110 - other processes
                await asyncio.sleep(POLL_SECONDS)
            before = await stores.ends()
            checks = all_checks(await stores.snapshot())
            moved = await stores.ends() != before
            if all(check.holds for check in checks) or not moved or loop.time() >= deadline:
                return quiet, checks
    finally:
        await stores.close()


def _table(checks: Sequence[Check]) -> Table:
    table = Table("Check", "Looked at", "Wrong", "", title="aryz verify", title_justify="left")
    table.columns[1].justify = table.columns[2].justify = "right"
    for check in checks:
        examples = ", ".join(str(each) for each in check.wrong[:3])
        table.add_row(
            check.name, f"{check.looked_at}", f"{len(check.wrong)}", "[green]holds[/]" if check.holds else f"[red]broken[/] {examples}"
        )
    return table
