"""Clerks, applicants and providers of the country benchmark: they act by HTTP while appeals arrive, each on a fixed share.

The shares are bounded, so that the people are traffic and not the measure. `SHARES` says them in the report.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from suite.demo.traffic import ANSWER, OUTCOMES, RESPONSE
from tests.benchmarks.client import Pool

HANDLED_EVERY = 16  # as in the demo: about 6 % of the appeals are answered while the others arrive
CONFIRMED = (9, 16)  # of the answered ones. Source: 56.3 % of complaints were settled at once in Kyzylorda region in 2025
PROVIDERS_EVERY = 2
SHARES = (
    f"clerks answer every {HANDLED_EVERY}th appeal; {CONFIRMED[0]} of {CONFIRMED[1]} applicants confirm the answer, which closes the case, "
    f"and clerks close the others; every {PROVIDERS_EVERY}nd provider acknowledges and answers all its inquiries"
)
CLERKS = 8
APPLICANTS = 4
RETRY_SECONDS = 0.5  # until a clerk asks again for a case that is not there yet, and an applicant for an answer
PORTAL_SECONDS = 0.5  # between the visits of two providers to their lists
ATTEMPTS = 3  # of a request whose connection the server closed because it had rested; each request may be repeated


@dataclass(frozen=True)
class Reply:
    """The status of a response and its JSON."""

    status: int
    content: Any


class Client:
    """JSON requests to one service over light connections."""

    def __init__(self, url: str) -> None:
        self.pool = Pool(url)

    def head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} {path} HTTP/1.1\r\nHost: {self.pool.place.netloc}\r\nContent-Type: application/json\r\n{lines}".encode()

    async def send(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        """Return status and body. A request whose connection was closed is sent again."""
        for attempt in range(ATTEMPTS):
            try:
                return await self.pool.ask(head, body)
            except ConnectionResetError:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError

    async def call(self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None) -> Reply:
        sent = b"" if body is None else json.dumps(body).encode()
        status, content = await self.send(self.head(method, path, headers), sent)
        return Reply(status, json.loads(content))

    def close(self) -> None:
        self.pool.close()


@dataclass(frozen=True, slots=True)
class HandledAppeal:
    """An appeal that a clerk answers. `confirms`: its applicant then confirms the answer."""

    appeal_id: str
    number: str
    pin: str
    kind: str
    category: str | None
    language: str
    confirms: bool

    @property
    def outcome(self) -> str:
        return OUTCOMES.get(self.kind, ("EXPLAINED",))[0]


@dataclass
class Actions:
    """What the people have done."""

    answered: int = 0
    confirmed: int = 0
    closed_by_clerks: int = 0
    inquiries_answered: int = 0
    requests: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class People:
    """All who act on appeals that were filed. `handle` passes an appeal to the clerks; `finish` waits until all is done."""

    def __init__(self, urls: Mapping[str, str], clerks: list[str], providers: Mapping[str, str]) -> None:
        """`clerks`: tokens. `providers`: tokens by the id of the provider."""
        self.done = Actions()
        self._intake, self._routing, self._contact = (Client(urls[service]) for service in ("intake", "routing", "provider-contact"))
        self._providers = {each: bearer(token) for each, token in providers.items()}
        self._to_answer: asyncio.Queue[HandledAppeal | None] = asyncio.Queue()
        self._to_confirm: asyncio.Queue[HandledAppeal | None] = asyncio.Queue()
        self._clerks = [asyncio.create_task(self._clerk(bearer(token))) for token in clerks]
        self._applicants = [asyncio.create_task(self._applicant()) for _ in range(APPLICANTS)]
        self._portal = asyncio.create_task(self._visit_in_turn())

    def handle(self, appeal: HandledAppeal) -> None:
        self._to_answer.put_nowait(appeal)

    def check(self) -> None:
        """Raise the error of someone who could not go on."""
        for task in (*self._clerks, *self._applicants, self._portal):
            if task.done() and not task.cancelled():
                task.result()

    async def finish(self) -> None:
        """Wait until every appeal is handled. Providers visit their lists a last time: all inquiries must have been sent."""
        for queue, tasks in ((self._to_answer, self._clerks), (self._to_confirm, self._applicants)):
            for _ in tasks:
                queue.put_nowait(None)
            await asyncio.gather(*tasks)
        self._portal.cancel()
        await asyncio.wait([self._portal])
        waiting = iter(self._providers)
        await asyncio.gather(*(self._visit_each(waiting) for _ in range(CLERKS)))
        for client in (self._intake, self._routing, self._contact):
            client.close()

    async def _call(
        self, client: Client, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Reply:
        self.done.requests += 1
        return await client.call(method, path, headers, body)

    async def _clerk(self, headers: Mapping[str, str]) -> None:
        while (appeal := await self._to_answer.get()) is not None:
            while not await self._handle(appeal, headers):
                await asyncio.sleep(RETRY_SECONDS)

    async def _handle(self, appeal: HandledAppeal, headers: Mapping[str, str]) -> bool:
        """Carry the case as far as possible now. Returns whether it is done."""
        path = f"/routing/v1/cases/{appeal.appeal_id}"
        found = await self._call(self._routing, "GET", path, headers)
        if found.status == 404:
            return False
        while True:
            assert found.status == 200, found
            case = found.content
            possible = {each["action"]: each for each in case["next_actions"]}
            action = next((each for each in ("claim", "redirect", "answer", "close") if each in possible), None)
            if action is None:
                return False
            if action == "close" and appeal.confirms:
                self._to_confirm.put_nowait(appeal)
                return True
            command = {"expected_version": case["version"], **_fields(action, possible[action]["fields"], appeal)}
            found = await self._call(self._routing, "POST", f"{path}/actions/{action}", headers, command)
            if found.status == 409:  # the provider's answer or another event came meanwhile
                return False
            self._note(action, appeal)
            if action == "close":
                return True

    def _note(self, action: str, appeal: HandledAppeal) -> None:
        self.done.answered += action == "answer"
        if action == "close":
            self.done.closed_by_clerks += 1
            self.done.outcomes[appeal.outcome] += 1

    async def _applicant(self) -> None:
        while (appeal := await self._to_confirm.get()) is not None:
            headers, path = {"Appeal-Pin": appeal.pin}, f"/intake/v1/appeals/{appeal.number}/confirmation"
            while (done := await self._call(self._intake, "POST", path, headers, {"outcome": "RESOLVED"})).status == 409:
                if done.content["code"] == "outcome-already-given":  # a repeated request of ours
                    break
                await asyncio.sleep(RETRY_SECONDS)  # intake has not consumed the answer yet
            else:
                assert done.status == 201, done
            self.done.confirmed += 1
            self.done.outcomes[appeal.outcome] += 1

    async def _visit_in_turn(self) -> None:
        while True:
            for provider_id in self._providers:
                await asyncio.sleep(PORTAL_SECONDS)
                await self._visit(provider_id)

    async def _visit_each(self, providers: Iterator[str]) -> None:
        for provider_id in providers:
            await self._visit(provider_id)

    async def _visit(self, provider_id: str) -> None:
        """Read the provider's list, unsettled inquiries first, and answer those that wait for an answer."""
        headers, path = self._providers[provider_id], "/provider-contact/v1/inquiries"
        page = await self._call(self._contact, "GET", f"{path}?limit=200", headers)
        assert page.status == 200, page
        for inquiry in page.content["items"]:
            moved = Reply(200, inquiry)
            for action, fields in _provider_steps(inquiry):
                command = {"expected_version": moved.content["version"], **fields}
                moved = await self._call(self._contact, "POST", f"{path}/{inquiry['inquiry_id']}/actions/{action}", headers, command)
                if moved.status == 409:  # the case ended meanwhile
                    break
                assert moved.status == 200, moved
            else:
                self.done.inquiries_answered += bool(inquiry["next_actions"])


def _provider_steps(inquiry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    possible = {each["action"] for each in inquiry["next_actions"]}
    if "acknowledge" in possible:
        yield "acknowledge", {}
    if possible:
        yield "respond", RESPONSE


def _fields(action: str, offered: list[dict[str, Any]], appeal: HandledAppeal) -> dict[str, Any]:
    if action == "claim":
        return {}
    if action == "redirect":
        return {each["name"]: each["value"] for each in offered if each["value"]}
    if action == "close":
        return {"outcome": appeal.outcome}
    text, next_steps, how_to_complain = ANSWER[appeal.language]
    findings = [{"category": appeal.category, "outcome": appeal.outcome, "fact": text, "rule": "ҚР ДСМ / МЗ РК"}] if appeal.category else []
    return {
        "language": appeal.language,
        "text": text,
        "findings": findings,
        "next_steps": next_steps,
        "how_to_complain": how_to_complain,
    }
