"""Fuzzing of the four services from their own documents: whatever is sent by whomever, the answer is as the document says.

`make fuzz` sends 100 000 requests to a suite of its own on loopback, with `--postgres` on PostgreSQL. `test_fuzz.py` is the short form.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import openapi
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from analytics.reconciliations.service import XLSX
from engines import PostgresServer
from shared.files.policy import kinds
from suite import process
from suite.tokens import issue
from tests.e2e.conftest import People
from tests.e2e.shapes import SERVICES
from tests.patience import LONG_PATIENCE
from tests.patience import wait_until as eventually
from tests.security.roles import CLAIMS, COLUMNS, NOBODY, expected
from tests.telegram_double import SECRET, TelegramDouble

APPEAL = {
    "language": "ru",
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "provider": {"name": "902 емхана"},
    "text": "Отказали в приёме терапевта.",
    "applicant": {"full_name": "Сынақ Азамат", "phone": "+77010000000"},
    "consents": ["PROCESSING"],
}
DIRECTORY = (
    "bin,name_kk,name_ru,short_name,aliases,region,district,kind,ownership,email,phone\n"
    "990140010202,Сынақ № 902 емханасы,Тестовая поликлиника № 902,№ 902 ҚЕ,902 емхана,KZ-43,,POLYCLINIC,STATE,p902@example.org,\n"
)
HOOK = "http://127.0.0.1:9/openapi"
BOT = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
FILER = {"subject": "openapi-citizen"}
STREAM = "GET /intake/v1/events"  # it does not end for those who may read it
MANY = "1000000"
UNLIMITED = process.UNLIMITED | {
    "ARYZ_INTAKE_WRONG_PINS_FREE": MANY,
    "ARYZ_INTAKE_WRONG_PINS_PER_ADDRESS": MANY,
    "ARYZ_INTAKE_WRONG_PINS_PER_NUMBER": MANY,
    "ARYZ_INTAKE_WRONG_PINS_PER_EXCHANGE": MANY,
    "ARYZ_INTAKE_UPLOADS_PER_MINUTE": "0",
    "ARYZ_INTAKE_SELF_SERVICE_PER_MINUTE": "0",
    "ARYZ_INTAKE_PARTNER_PER_MINUTE": "0",
    "ARYZ_INTAKE_WEBHOOKS_TO_LOOPBACK": "true",
}
"""Without limits on how often somebody asks: 429 would be all that is met."""
BINARY = ["application/partial-upload", XLSX, *(kind.media_types[0] for kind in kinds().values())]
schemathesis.serializer.alias(BINARY, "application/octet-stream")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = ((GenerationMode.POSITIVE, True, 24), (GenerationMode.POSITIVE, False, 8), (GenerationMode.NEGATIVE, True, 20))
"""Of each operation in a round: how its input is generated, whether its path has ids that exist, and how many requests."""

FAILURES_LISTED = 30
RETRY_SECONDS = 1.0


@dataclass
class Report:
    """What a run met: how many requests, of which statuses, and the failures by operation and message."""

    requests: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)

    def __str__(self) -> str:
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        listed = [f"{operation}\n{message}\n{command}" for (operation, message), command in self.failures.items()][:FAILURES_LISTED]
        return "\n\n".join([f"{self.requests} requests ({statuses}), {len(self.failures)} kinds of failures", *listed])


class Fuzz:
    """Rounds over every operation of a running suite. The same seed sends the same requests, but for ids that the suite makes."""

    def __init__(self, people: People, seed_: int, session: requests.Session, announce: Callable[[str], None], *, tries: int = 1) -> None:
        """`announce` gets each new kind of failure as it is met. `tries`: of a request that is answered with 503."""
        self._tries = tries
        self.report = Report()
        self._announce = announce
        self._people = people
        self._seed = seed_
        self._session = session
        self._rounds = 0
        self._matrix = expected()

    def round(
        self, services: tuple[str, ...] = SERVICES, *, until: int | None = None, deadline: float | None = None, share: int = 1
    ) -> None:
        """Every operation once with its examples; ends early at `until` requests or when the monotonic clock reaches `deadline`.

        `share`: one in so many operations, which their names decide.
        """
        self._rounds += 1
        known = prepare(self._people)
        for service in services:
            document = self._people.get(f"/{service}/openapi.json").json()
            for each in document["components"]["schemas"].values():
                if "unevaluatedProperties" in each:  # the same, and known to the generator of bodies
                    each["additionalProperties"] = each.pop("unevaluatedProperties")
            schema = openapi.from_dict(document)
            operations = [found.ok() for found in schema.get_all_operations()]
            operations = [one for one in operations if crc32(f"{one.method} {one.path}".encode()) % share == 0]
            for operation in sorted(operations, key=lambda one: one.method == "delete"):
                if (until is not None and self.report.requests >= until) or (deadline is not None and time.monotonic() >= deadline):
                    return
                self._operation(operation, known)

    def _operation(self, operation: Any, known: Mapping[str, str]) -> None:
        name = f"{operation.method.upper()} {operation.path}"
        headers = self._headers(known)
        ids = {each: known[each] for each in known if f"{{{each}}}" in operation.path}
        takes_anything = "parameters" in operation.definition.raw or "requestBody" in operation.definition.raw
        for mode, has_ids, examples in EXAMPLES if takes_anything else EXAMPLES[:1]:
            if not has_ids and not ids:
                continue
            strategy = operation.as_strategy(mode, path_parameters=ids if has_ids and ids else None)
            self._send(strategy, name, examples, st.sampled_from(self._askers(name)), headers)

    def _askers(self, name: str) -> list[str]:
        """Who asks: two times of three somebody who may, else anybody at all."""
        row = self._matrix.get((name, ""), {})
        allowed = [column for column in COLUMNS if row.get(column) == "+"] or list(COLUMNS)
        others = list(COLUMNS)
        if name == STREAM:
            return [column for column in others if column not in allowed]
        return allowed * max(1, 2 * len(others) // len(allowed)) + others

    def _headers(self, known: Mapping[str, str]) -> dict[str, dict[str, str]]:
        claims = {"applicant": FILER, "provider": {"provider_id": known["provider_id"]}}
        always = {"Upload-Token": known["upload_token"], **BOT}
        found = {NOBODY: always}
        for column, (role, usual) in CLAIMS.items():
            found[column] = always | {"Authorization": f"Bearer {issue(self._people.suite.data, role, **(usual | claims.get(column, {})))}"}
        return found

    def _send(self, strategy: Any, name: str, examples: int, askers: st.SearchStrategy[str], headers: Mapping[str, dict[str, str]]) -> None:
        @seed(f"{self._seed} {self._rounds} {name}")
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy, asker=askers)
        def answered(case: Any, asker: str) -> None:
            self._ask(case, f"{name} as {asker}", headers[asker])

        with suppress(Unsatisfiable):  # nothing is wrong with a call whose only parameter is an id that exists
            answered()

    def _ask(self, case: Any, name: str, headers: dict[str, str]) -> None:
        self.report.requests += 1
        try:
            response = self._call(case, headers)
            for _ in range(1, self._tries):
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
                time.sleep(RETRY_SECONDS)
                response = self._call(case, headers)
            self.report.statuses[response.status_code] = self.report.statuses.get(response.status_code, 0) + 1
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self._note(case, name, f"{failure.title}: {failure.message}")  # type: ignore[attr-defined]
        except requests.RequestException as error:
            self._note(case, name, f"no answer: {type(error).__name__}")

    def _call(self, case: Any, headers: dict[str, str]) -> Any:
        arguments = {"base_url": self._people.suite.url, "headers": headers, "session": self._session, "timeout": LONG_PATIENCE}
        try:
            return case.call(**arguments)
        except requests.ConnectionError:  # closed while the next case was generated: sent once more
            return case.call(**arguments)

    def _note(self, case: Any, name: str, message: str) -> None:
        kind = name.partition(" as ")[0], message
        if kind not in self.report.failures:
            self.report.failures[kind] = f"{name}: {case.as_curl_command()}"
            self._announce("\n".join([*kind, self.report.failures[kind]]))


def prepare(people: People) -> dict[str, str]:
    """Ids that exist, so that generated calls reach more than 404; and the provider that the inquiry went to."""
    headers = {**people.bearer("admin"), "Content-Type": "text/csv"}
    imported = people.http.post("/provider-contact/v1/providers/imports", content=DIRECTORY.encode(), headers=headers)
    assert imported.is_success, imported.text
    receipt = people.post("/intake/v1/appeals", APPEAL, "applicant", **FILER)
    calls, mine = f"/intake/v1/appeals/{receipt['number']}/attachments", people.bearer("applicant", **FILER)
    attached = people.http.post(calls, content=b"Certificate", headers={**mine, "Content-Type": "text/plain"}).json()
    upload = people.post("/intake/v1/uploads", {"length": 2**20}, "channel")
    hook = people.post("/intake/v1/subscriptions", {"url": HOOK}, "partner")
    inquiry = eventually(
        lambda: people.get("/provider-contact/v1/inquiries", "supervisor", region="KZ-43").json()["items"], patience=LONG_PATIENCE
    )[0]
    return {
        "appeal_id": receipt["appeal_id"],
        "number": receipt["number"],
        "attachment_id": attached["attachment_id"],
        "upload_id": upload["upload_id"],
        "upload_token": upload["token"],
        "subscription_id": hook["subscription_id"],
        "code": "COMPLAINT",
        "inquiry_id": inquiry["inquiry_id"],
        "kpi_id": "received",
        "provider_id": inquiry["provider_id"],
    }


@contextmanager
def fuzzing(folder: Path, seed_: int, **environment: str) -> Iterator[Fuzz]:
    """A suite of its own on loopback, and the fuzz of it."""
    with (
        TelegramDouble() as telegram,
        process.running(folder, environment=UNLIMITED | telegram.environment | environment) as suite,
        httpx.Client(base_url=suite.url, timeout=LONG_PATIENCE, trust_env=False) as http,
        requests.Session() as session,
    ):
        session.trust_env = False
        yield Fuzz(People(suite, http), seed_, session, write_line)


def main() -> int:
    """Send as many requests as asked for, in rounds; prints the seed first and the report last."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.fuzz")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=4 * 3600.0, help="ends after so long, however many were sent")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server of its own")
    chosen = parser.parse_args()
    write_line(f"seed {chosen.seed}")
    deadline = time.monotonic() + chosen.seconds
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        environment = {}
        if chosen.postgres:
            server = opened.enter_context(PostgresServer(folder / "postgres"))
            opened.callback(server.remove)
            environment["ARYZ_DATABASE_URL"] = server.url
        fuzz = opened.enter_context(fuzzing(folder / "data", chosen.seed, **environment))
        while fuzz.report.requests < chosen.requests and time.monotonic() < deadline:
            fuzz.round(until=chosen.requests, deadline=deadline)
            write_line(f"{fuzz.report.requests} requests, {len(fuzz.report.failures)} kinds of failures")
    write_line(str(fuzz.report))
    return 1 if fuzz.report.failures else 0


def write_line(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a person asked


if __name__ == "__main__":
    sys.exit(main())
