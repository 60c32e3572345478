"""`aryz case-file`: writes the whole case file of an appeal as PDF, over the public API."""

from pathlib import Path
from typing import Any

import httpx

from suite.tokens import issue

TIMEOUT_SECONDS = 60.0


class NotWritten(RuntimeError):
    """The case file could not be written; the message says why."""


def run(number: str, url: str, data: Path, *, language: str, output: Path | None) -> Path:
    """Write the case file and return its path. Raises NotWritten; then no file is written."""
    headers = {"Authorization": f"Bearer {issue(data, 'admin', subject='command-line')}"}
    with httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        found = _answer(http, "/routing/v1/cases", number=number).json()["items"]
        if len(found) != 1:
            raise NotWritten(f"{len(found) or 'no'} cases have the number {number}")
        document = _answer(http, f"/routing/v1/cases/{found[0]['appeal_id']}/file", language=language).content
    path = output or Path(f"case-file-{found[0]['number']}.pdf")
    path.write_bytes(document)
    return path


def _answer(http: httpx.Client, path: str, **params: Any) -> httpx.Response:
    try:
        answer = http.get(path, params=params)
    except httpx.TransportError as error:
        raise NotWritten(f"{http.base_url} does not answer ({type(error).__name__}); is `aryz up` running?") from None
    if answer.status_code != httpx.codes.OK:
        is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        problem = answer.json() if is_problem else {}
        missing = f" Missing: {', '.join(problem['missing'])}." if "missing" in problem else ""
        raise NotWritten(f"refused with {answer.status_code}: {problem.get('title', '')}{missing}")
    return answer
