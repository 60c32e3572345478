"""`aryz reconcile`: checks a published statistic and prints the verdict on each of its claims."""

from pathlib import Path
from typing import Final

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analytics.reconciliations.schemas import Reconciliation, Verdict
from analytics.reconciliations.service import FILE_LIMIT, XLSX, reconcile
from shared.domain.labels import LANGUAGES
from shared.errors import DomainError
from suite.tokens import issue

TIMEOUT_SECONDS: Final = 60.0
COLORS: Final = {Verdict.OK: "green", Verdict.CONTRADICTION: "bold red", Verdict.NOT_CHECKABLE: "yellow"}


class NotChecked(RuntimeError):
    """The file could not be checked; the message says why."""


def run(file: Path, language: str, url: str | None, data: Path, *, console: Console | None = None) -> bool:
    """Check `file` here, or by the suite at `url`, and print the verdicts. Returns whether nothing contradicts. Raises NotChecked."""
    if language not in LANGUAGES:
        raise NotChecked(f"there is no language {language}; known: {', '.join(LANGUAGES)}")
    result = _checked(file) if url is None else _checked_by(url.rstrip("/"), file, data)
    table = Table("Line", "Verdict", "Claim", "Why")
    for check in result.checks:
        verdict = Text(check.verdict, style=COLORS[check.verdict])
        explanation = Text(str(getattr(check, f"explanation_{language}")))
        table.add_row(str(check.line), verdict, Text(f"{check.claim}: {check.stated}"), explanation)
    console = console or Console()
    console.print(table)
    console.print(f"{result.rows} rows, {len(result.checks)} checks, {result.contradictions} contradictions")
    return result.contradictions == 0


def _checked(file: Path) -> Reconciliation:
    if file.stat().st_size > FILE_LIMIT:
        raise NotChecked(f"{file.name} is larger than 1 MB")
    try:
        return reconcile(file.read_bytes())
    except DomainError as error:
        raise NotChecked(f"{error.code}: {error.detail or error.title}") from None


def _checked_by(url: str, file: Path, data: Path) -> Reconciliation:
    media_type = XLSX if file.suffix.lower() == ".xlsx" else "text/csv"
    headers = {"Authorization": f"Bearer {issue(data, 'analyst', subject='command-line')}", "Content-Type": media_type}
    try:
        answer = httpx.post(
            f"{url}/analytics/v1/reconciliations", content=file.read_bytes(), headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
        )
    except httpx.TransportError as error:
        raise NotChecked(f"{url} does not answer ({type(error).__name__}); is `aryz up` running?") from None
    if answer.status_code != httpx.codes.OK:
        is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        problem = answer.json() if is_problem else {}
        raise NotChecked(
            f"refused with {answer.status_code} {problem.get('code', '')}: {problem.get('detail') or problem.get('title', '')}"
        )
    return Reconciliation.model_validate_json(answer.content)
