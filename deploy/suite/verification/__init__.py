"""`aryz verify`: checks all invariants of the suite over the log and all stores."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from suite.verification.checks import Check, all_checks
from suite.verification.stores import NothingThere, Stores

PATIENCE_SECONDS = 60
POLL_SECONDS = 0.1

__all__ = ["Check", "NothingThere", "run", "verify"]


def run(data: Path, console: Console | None = None, **given: Any) -> bool:
    """Wait until all events are processed, check, and print the table. Returns whether all checks hold. Raises what `verify` does."""
    is_quiet, checks = asyncio.run(verify(data, **given))
    console = console or Console()
    console.print(_table(checks))
    if not is_quiet:
        console.print(
            f"[bold]Not quiet within {PATIENCE_SECONDS} s:[/] events are still under way; the table shows the moment the wait ended."
        )
    return is_quiet and all(check.holds for check in checks)


async def verify(data: Path, *, patience: float = PATIENCE_SECONDS, **given: Any) -> tuple[bool, Sequence[Check]]:
    """Return whether the stores became quiet, and the results of the checks. Appeals that arrive meanwhile cause another round.

    The stores are those of the environment's settings, overridden by `given`. Raises NothingThere, and LogError or
    DatabaseUnreachable if an engine does not answer.
    """
    stores = await Stores.open(data, **given)
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
