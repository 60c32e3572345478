"""The published statistics through the whole product: `make published-reports` imports them into a suite of its own and reads the reports.

The half-year of the country is 474 708 appeals. The tests import the year of Kyzylorda alone, and count a part of the country.
"""

import html
import re
import sys
import time
from pathlib import Path

import httpx
from rich.console import Console

from suite import importing, process
from suite.tokens import issue
from tests.patience import PATIENCE
from tests.published_registers import COUNTRY_2021_H1, KYZYLORDA_2024, KYZYLORDA_2025, write_register

OUT = Path(".run/reports")
report = Console(highlight=False, soft_wrap=True).print
REPORTS = {
    "KZ-43/2025": ["2 669 өтініш түсті", "111-ге (13,1 %) азайды", "415-і (56,4 %)", "51,1 %-дан 56,4 %-ға"],
    "KZ/2021-H1": [
        "474 708 өтініш түсті", "474 708 өтініштің 6 552-сі (1,4 %) – шағым", "(1 835; 28,0 %)", "(1 723; 26,3 %)", "(688; 10,5 %)",
        "(459; 7,0 %)", "(432; 6,6 %)", "(389 200; 82,0 %)", "(82 100; 17,3 %)", "(236 000; 51,8 %)",
    ],
}  # fmt: skip


def main() -> int:
    """Import, read and compare. Return 1 if a report lacks a published count."""
    OUT.mkdir(parents=True, exist_ok=True)
    registers = (KYZYLORDA_2024, KYZYLORDA_2025, COUNTRY_2021_H1)
    with process.running(OUT / f"data-{time.time_ns()}", environment=process.UNLIMITED) as suite:
        began = time.monotonic()
        for register in registers:
            for file in write_register(register, OUT):
                if not importing.run(file, suite.url, suite.data):
                    return 1
        with httpx.Client(base_url=suite.url, timeout=10 * PATIENCE, trust_env=False) as http:
            headers = {"Authorization": f"Bearer {issue(suite.data, 'analyst')}"}
            _wait(http, headers, sum(register.received for register in registers))
            report(f"imported and counted in {time.monotonic() - began:.0f} s")
            return _read(http, headers)


def _wait(http: httpx.Client, headers: dict[str, str], number: int) -> None:
    """Wait until analytics has counted all appeals."""
    query = {"from": "2021-01-01", "to": "2025-12-31"}
    while http.get("/analytics/v1/kpis/received", params=query, headers=headers).json()["value"] < number:
        time.sleep(2)


def _read(http: httpx.Client, headers: dict[str, str]) -> int:
    missing = 0
    for path, expected in REPORTS.items():
        for language in ("kk", "ru"):
            for form in ("html", "docx", "pdf"):
                began = time.monotonic()
                answer = http.get(f"/analytics/v1/reports/{path}.{form}", params={"language": language}, headers=headers)
                report(f"{path}.{form} {language}: {answer.status_code}, {len(answer.content)} bytes, {time.monotonic() - began:.1f} s")
                answer.raise_for_status()
                (OUT / f"{path.replace('/', '-')}-{language}.{form}").write_bytes(answer.content)
                if (language, form) == ("kk", "html"):
                    text = html.unescape(re.sub(r"<[^>]+>", "", answer.text)).replace("\u202f", " ").replace("\u00a0", " ")
                    lacking = [each for each in expected if each not in text]
                    missing += len(lacking)
                    report("\n  not found: ".join([f"  {len(expected) - len(lacking)} of {len(expected)} published counts", *lacking]))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
