"""The suite is killed again and again while appeals come in: whatever was acknowledged is there once, and all promises hold."""

import asyncio
import os
from dataclasses import dataclass, field
from itertools import count

import httpx
import pytest

from suite import process
from suite.process import RunningSuite
from suite.tokens import issue
from suite.verification import verify

APPEALS = int(os.environ.get("ARYZ_CHAOS_APPEALS", "150"))
KILLS = max(3, APPEALS // 150)
SENDERS = 16
RETRY_SECONDS = 0.05


def _body(place):
    """Every fourth complains about a provider it names, so that all four services have something to lose."""
    subject = {"kind": "COMPLAINT", "category": "WAITING_QUEUE"} if place % 4 == 0 else {"kind": "CONSULTATION", "topic": "PAY_METHODS"}
    return {
        "channel": "CALL_1414",
        "language": "ru",
        **subject,
        "region": "KZ-43",
        "text": f"Тестовое обращение {place}",
        "applicant": {},
        "provider": {"name": "Тестовая поликлиника № 901"} if place % 4 == 0 else None,
    }


@dataclass
class Senders:
    """Clients that repeat a request under its key until it is acknowledged."""

    url: str
    headers: dict[str, str]
    acknowledged: dict[str, dict] = field(default_factory=dict)
    repeats: int = 0

    async def send_all(self):
        places = count()
        async with httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=10, trust_env=False) as http:
            await asyncio.gather(*(self._send(http, places) for _ in range(SENDERS)))

    async def _send(self, http, places):
        while (place := next(places)) < APPEALS:
            key = f"chaos-{place}"
            while key not in self.acknowledged:
                answer = await self.once(http, place)
                if answer is not None and answer.status_code == httpx.codes.CREATED:
                    self.acknowledged[key] = answer.json()
                else:
                    self.repeats += 1
                    await asyncio.sleep(RETRY_SECONDS)

    async def once(self, http, place):
        try:
            return await http.post("/intake/v1/appeals", json=_body(place), headers={"Idempotency-Key": f"chaos-{place}"})
        except httpx.TransportError:
            return None


async def _kill_again_and_again(suite, senders):
    """Kill whenever another share of the appeals is acknowledged, and start again on the same port; returns the last suite."""
    port = int(suite.url.rpartition(":")[2])
    for kill in range(1, KILLS + 1):
        while len(senders.acknowledged) < APPEALS * kill // (KILLS + 1):
            await asyncio.sleep(0.005)
        await asyncio.to_thread(suite.kill)
        suite.process.stdout.close()
        suite = await asyncio.to_thread(process.start, suite.data, port=port)
    return suite


@pytest.mark.chaos
@pytest.mark.timeout(60 + 2 * APPEALS)
class TestKill:
    async def test_every_acknowledged_appeal_is_there_once(self, tmp_path):
        suite: RunningSuite = process.start(tmp_path)
        senders = Senders(suite.url, {"Authorization": f"Bearer {issue(tmp_path, 'channel')}"})
        try:
            _, suite = await asyncio.gather(senders.send_all(), _kill_again_and_again(suite, senders))
            assert senders.repeats > 0, "nobody noticed the kills: they proved nothing"
            await self._found_by_number_and_pin(senders)
            await self._answered_alike_again(senders)
            is_quiet, checks = await verify(tmp_path)
        finally:
            suite.kill()
            suite.process.stdout.close()
        assert is_quiet
        assert {check.name: check.wrong for check in checks if not check.holds} == {}
        numbers = {receipt["number"] for receipt in senders.acknowledged.values()}
        assert len(numbers) == APPEALS
        [accepted] = [check for check in checks if check.name == "every accepted appeal is registered in the log once"]
        assert accepted.looked_at == APPEALS, "a repeated request made a second appeal"

    async def _found_by_number_and_pin(self, senders):
        async with httpx.AsyncClient(base_url=senders.url, timeout=30, trust_env=False) as http:
            for receipt in senders.acknowledged.values():
                found = await http.get(f"/intake/v1/appeals/{receipt['number']}", headers={"Appeal-Pin": receipt["pin"]})
                assert found.status_code == httpx.codes.OK

    async def _answered_alike_again(self, senders):
        async with httpx.AsyncClient(base_url=senders.url, headers=senders.headers, timeout=30, trust_env=False) as http:
            for place in range(0, APPEALS, 10):
                again = await senders.once(http, place)
                assert again.headers["Idempotency-Replayed"] == "true"
                assert again.json() == senders.acknowledged[f"chaos-{place}"]
