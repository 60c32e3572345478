"""Who uses the suite while it suffers: citizens' channels that repeat a request under its key until it is acknowledged, and a clerk."""

import asyncio
import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

import httpx

from tests.patience import PATIENCE

RETRY_SECONDS = 0.2
AT_ONCE = 16
LATER = {httpx.codes.SERVICE_UNAVAILABLE}  # "try again": the one answer besides the receipt that trouble excuses
LATER_AT_THE_DESK = LATER | {httpx.codes.NOT_FOUND, httpx.codes.CONFLICT}  # not routed yet; moved by an event meanwhile


def consultation(index):
    return {
        "channel": "CALL_1414",
        "language": "ru",
        "kind": "CONSULTATION",
        "topic": "PAY_METHODS",
        "region": "KZ-43",
        "text": f"Тестовое обращение {index}",
        "applicant": {},
    }


def complaint(index, provider, region="KZ-43"):
    """Names its provider in words, so that all four services have something to do, and something to lose."""
    asked = {name: value for name, value in consultation(index).items() if name != "topic"}
    return asked | {"kind": "COMPLAINT", "category": "WAITING_QUEUE", "region": region, "provider": {"name": provider}}


@dataclass
class Senders:
    """Repeats each request under its key until it is acknowledged, and remembers what was promised."""

    url: str
    headers: dict[str, str]
    patience: float = 10.0
    acknowledged: dict[str, dict] = field(default_factory=dict)
    bodies: dict[str, dict] = field(default_factory=dict)
    repeats: Counter = field(default_factory=Counter)
    """How often a request had to be repeated, by what happened to it."""

    async def __aenter__(self):
        self._http = httpx.AsyncClient(base_url=self.url, timeout=self.patience, trust_env=False)
        return self

    async def __aexit__(self, *_):
        await self._http.aclose()

    async def send(self, key, body):
        self.bodies[key] = body
        while key not in self.acknowledged:
            answer = await self.once(key)
            if answer is not None and answer.status_code == httpx.codes.CREATED:
                self.acknowledged[key] = answer.json()
            else:
                await asyncio.sleep(RETRY_SECONDS)
        return self.acknowledged[key]

    async def once(self, key):
        try:
            answer = await self._http.post("/intake/v1/appeals", json=self.bodies[key], headers=self.headers | {"Idempotency-Key": key})
        except httpx.TransportError as error:
            self.repeats[type(error).__name__] += 1
            return None
        if answer.status_code != httpx.codes.CREATED:
            self.repeats[answer.status_code] += 1
        return answer

    async def traffic(self, body, *, name, enough, a_second=math.inf):
        """Ever further appeals, `AT_ONCE` at a time and at most so many a second, until `enough()`."""
        places = count()

        async def one_after_another():
            while not enough():
                place = next(places)
                await self.send(f"{name}-{place}", body(place))
                await asyncio.sleep(AT_ONCE / a_second)

        await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))

    @property
    def refused(self):
        """Answers that no trouble of ours excuses: the requests were valid."""
        return {answer: times for answer, times in self.repeats.items() if isinstance(answer, int) and answer not in LATER}

    async def lost(self):
        """Numbers that were promised and are not found with their PIN. The faults are over: no answer is too late any more."""
        self._http.timeout = httpx.Timeout(PATIENCE)
        wrong = []

        async def check_receipt(receipt):
            found = await self._http.get(f"/intake/v1/appeals/{receipt['number']}", headers={"Appeal-Pin": receipt["pin"]})
            if found.status_code != httpx.codes.OK or found.json()["number"] != receipt["number"]:
                wrong.append(receipt["number"])

        await _some_at_a_time(check_receipt, self.acknowledged.values())
        return wrong

    async def answered_otherwise(self, every):
        """Keys whose request, sent once more, does not get the very receipt of the first time; every so many are tried."""
        wrong = []

        async def again(key):
            answer = await self.once(key)
            if answer is None or answer.headers.get("Idempotency-Replayed") != "true" or answer.json() != self.acknowledged[key]:
                wrong.append(key)

        await _some_at_a_time(again, list(self.acknowledged)[::every])
        return wrong


@dataclass
class Clerk:
    """Takes appeals into work at the desk, repeating each move until it is told how it ended."""

    url: str
    headers: dict[str, str]
    subject: str
    claimed: dict[str, int] = field(default_factory=dict)
    """Version of the case that each acknowledged claim made."""
    refused: Counter = field(default_factory=Counter)

    async def work(self, waiting, enough):
        """Claim whatever `waiting()` names next, until `enough()`."""
        async with httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=5, trust_env=False) as http:
            while not enough():
                appeal_id = waiting()
                if appeal_id is None or not await self._claim(http, appeal_id):
                    await asyncio.sleep(RETRY_SECONDS)

    async def _claim(self, http, appeal_id):
        path = f"/routing/v1/cases/{appeal_id}"
        while True:
            try:
                case = await http.get(path)
                if case.status_code == httpx.codes.OK:
                    if not any(each["action"] == "claim" for each in case.json()["next_actions"]):
                        return False  # an earlier try did it, and its answer was lost
                    case = await http.post(f"{path}/actions/claim", json={"expected_version": case.json()["version"]})
                    if case.status_code == httpx.codes.OK:
                        self.claimed[appeal_id] = case.json()["version"]
                        return True
            except httpx.TransportError:
                pass
            else:
                if case.status_code not in LATER_AT_THE_DESK:
                    self.refused[case.status_code] += 1
            await asyncio.sleep(RETRY_SECONDS)

    async def lost(self):
        """Cases whose acknowledged claim is not there."""
        wrong = []
        async with httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=30, trust_env=False) as http:

            async def check_claim(claim):
                case = (await http.get(f"/routing/v1/cases/{claim[0]}")).json()
                if case["assignee"] != self.subject or case["version"] < claim[1]:
                    wrong.append(claim[0])

            await _some_at_a_time(check_claim, self.claimed.items())
        return wrong


async def _some_at_a_time(do, things):
    waiting = iter(things)

    async def one_after_another():
        for thing in waiting:
            await do(thing)

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
