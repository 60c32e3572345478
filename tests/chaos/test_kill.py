"""The suite is killed again and again while appeals come in: whatever was acknowledged is there once, and all promises hold."""

import asyncio
import os

import pytest

from suite import process
from suite.process import RunningSuite
from suite.tokens import issue
from suite.verification import verify
from tests.chaos.senders import Senders, complaint, consultation

APPEALS = int(os.environ.get("ARYZ_KILL_APPEALS", "150"))
KILLS = max(3, APPEALS // 150)


def _body(index):
    """Every fourth complains about a provider it names, so that all four services have something to lose."""
    return complaint(index, "Тестовая поликлиника № 901") if index % 4 == 0 else consultation(index)


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
@pytest.mark.timeout(600 + 2 * APPEALS)
class TestKill:
    async def test_every_acknowledged_appeal_is_there_once(self, tmp_path):
        suite: RunningSuite = process.start(tmp_path)
        try:
            async with Senders(suite.url, {"Authorization": f"Bearer {issue(tmp_path, 'channel')}"}) as senders:
                sending = senders.traffic(_body, name="chaos", enough=lambda: len(senders.bodies) >= APPEALS)
                _, suite = await asyncio.gather(sending, _kill_again_and_again(suite, senders))
                assert senders.repeats, "nobody noticed the kills: they proved nothing"
                assert senders.refused == {}
                assert await senders.lost() == []
                assert await senders.answered_otherwise(every=10) == []
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
