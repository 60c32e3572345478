"""`aryz import`: sends a former register to the public API and prints progress and a table of refused lines."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import httpx
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from suite.tokens import issue

MEDIA_TYPES = {".csv": "text/csv", ".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson"}
CHUNK = 64 * 1024  # bytes
SHOWN = 50  # refused lines in the table; further ones are counted
TIMEOUT_SECONDS = 600.0


class ImportFailed(RuntimeError):
    """The register could not be sent."""


class RefusedLine(TypedDict):
    """A line that was refused, and why."""

    line: int
    field: str | None
    code: str
    detail: str | None


class ImportReport(TypedDict):
    """The response of the import, as far as it is printed."""

    received: int
    imported: int
    unchanged: int
    rejected: list[RefusedLine]
    import_id: NotRequired[str | None]


def run(file: Path, url: str, data: Path, terms: Mapping[str, bool] | None = None) -> bool:
    """Send `file` and print the result. Returns whether every line was accepted. Raises ImportFailed.

    `terms`: the appeals are open, and these are the parameters of their import.
    """
    path = "/intake/v1/imports" if terms is None else "/intake/v1/imports/open"
    asked = {name: "true" for name, value in (terms or {}).items() if value}
    url = url.rstrip("/")
    media_type = MEDIA_TYPES.get(file.suffix.lower())
    if media_type is None:
        raise ImportFailed(f"{file.name}: the ending says neither CSV nor NDJSON (.csv, .ndjson, .jsonl)")
    headers = {"Authorization": f"Bearer {issue(data, 'admin')}", "Content-Type": media_type}
    columns = (TextColumn("sending"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    console = Console()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("sending", total=file.stat().st_size)
        try:
            answer = httpx.post(
                f"{url}{path}",
                params=asked,
                content=_chunks(file, progress, task),
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                trust_env=False,
            )
        except httpx.TransportError as error:
            raise ImportFailed(f"{url} does not answer ({type(error).__name__}); is `aryz up` running?") from None
    if answer.status_code != httpx.codes.OK:
        problem = answer.json() if answer.headers.get("content-type", "").startswith("application/problem+json") else {}
        why = problem.get("detail") or problem.get("title", "")
        raise ImportFailed(f"refused with {answer.status_code} {problem.get('code', '')}: {why}")
    report: ImportReport = answer.json()
    _report(report, console)
    return not report["rejected"]


def _chunks(file: Path, progress: Progress, task: Any) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk
            progress.advance(task, len(chunk))


def _report(result: ImportReport, console: Console) -> None:
    rejected = result["rejected"]
    if import_id := result.get("import_id"):
        console.print(f"import {import_id}")
    console.print(f"{result['received']} lines: {result['imported']} imported, {result['unchanged']} unchanged, {len(rejected)} refused")
    if not rejected:
        return
    table = Table("Line", "Field", "Code", "Why")
    for each in rejected[:SHOWN]:
        table.add_row(str(each["line"]), each["field"] or "", each["code"], each["detail"] or "")
    console.print(table)
    if len(rejected) > SHOWN:
        console.print(f"… and {len(rejected) - SHOWN} more")
