"""`aryz backup` and `aryz restore`: all stores and the log as of one moment, copied from a running suite."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import SQLAlchemyError

from shared.clock import SystemClock
from shared.messaging.log import LogError
from shared.settings import MissingSetting
from suite.backup import making, restoring
from suite.backup.manifest import Advance, BackupFailed, RestoreRefused

__all__ = ["BackupFailed", "RestoreRefused", "backup", "restore"]

ENGINES = (LogError, MissingSetting, KafkaError, SQLAlchemyError, sqlite3.Error, OSError)  # errors that an engine or a disk reports


def backup(folder: Path, data: Path, *, with_keys: bool, console: Console | None = None) -> None:
    """Make a backup and print its content. Raises BackupFailed."""
    console = console or Console()
    try:
        with _progress(console) as progress:
            made = asyncio.run(making.make(folder.absolute(), data, with_keys=with_keys, clock=SystemClock(), progress=progress))
    except ENGINES as error:
        raise BackupFailed(_sentence(error)) from None
    records = sum(sum(topic.ends.values()) for topic in made.topics.values())
    size = (sum(part.size for part in made.parts) + made.objects.size) / 1e6
    bucket, files = made.objects.bucket, f"{made.objects.count} objects with files of appeals, "
    holds = f"{records} events, {files if bucket is None else ''}{size:.1f} MB"
    console.print(f"{folder}: the suite as of {made.made_at:%Y-%m-%d %H:%M:%S} UTC, {holds}", highlight=False)
    if bucket is not None:
        console.print(f"The files of appeals are not in it: they are in {bucket}, which has to keep them itself.", highlight=False)
    if with_keys:
        console.print("The keys are in it: whoever holds this folder can read everything. Keep it as you keep the keys.")
    else:
        console.print("The keys are not in it, and without them nobody can read what is sealed. Keep a copy of them in another place.")


def restore(folder: Path, data: Path, *, replace: bool, console: Console | None = None) -> None:
    """Restore a backup and print the next steps. Raises RestoreRefused."""
    console = console or Console()
    try:
        with _progress(console) as progress:
            done = asyncio.run(restoring.restore(folder, data, replace=replace, clock=SystemClock(), progress=progress))
    except ENGINES as error:
        raise RestoreRefused(_sentence(error)) from None
    console.print(f"Restored: the suite as of {done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.", highlight=False)
    if done.former is not None:
        console.print(f"What stood in its place is in {done.former}; delete it when nobody misses anything.", highlight=False)
    if done.manifest.objects.bucket is not None:
        console.print(f"The files of appeals were not in the backup: they were in {done.manifest.objects.bucket}.", highlight=False)
    console.print("Start the suite, let it catch up, then run `aryz verify`.")


@contextmanager
def _progress(console: Console) -> Iterator[making.Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:

        def begin(name: str) -> Advance:
            task = progress.add_task(name, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        yield begin


def _sentence(error: Exception) -> str:
    """Return an engine's error message without the rows that it may quote."""
    if isinstance(error, SQLAlchemyError):
        return f"the database refuses ({type(getattr(error, 'orig', error)).__name__}); see ARYZ_DATABASE_URL and the server's log"
    return str(error) or type(error).__name__
