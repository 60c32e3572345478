"""Records that a consumer skips by a header."""

from uuid import uuid4

import pytest

from shared.contracts import APPEALS, TOPICS, CaseClaimed, CaseClosed, ExtensionAttribute
from shared.messaging import inbox, tables
from shared.messaging.consumer import Consumer
from shared.messaging.envelope import extension_header


def claimed(appeal_id):
    return CaseClaimed(appeal_id=appeal_id, actor_role="specialist")


def closed(appeal_id):
    return CaseClosed(appeal_id=appeal_id, outcome="EXPLAINED", actor_role="specialist")


async def consumed(desk, number):
    return len(await desk.consumed()) == number


async def parked(desk, number):
    return await desk.count(tables.dead_letter) == number


class TestSkips:
    """A header says that a record is of no concern: the consumer leaves no trace of it."""

    @pytest.fixture
    def skipping(self, desk, monkeypatch) -> Consumer:
        """A consumer of claims by heads. Claims by operators do not say whose they are, as from an earlier version."""
        by_head = ExtensionAttribute("byhead", "", lambda payload: {"specialist": False, "head": True}.get(payload["actor_role"]))
        monkeypatch.setattr(CaseClaimed, "EXTENSIONS", (by_head,))
        skips = {CaseClaimed: extension_header("byhead", value=False)}
        return Consumer(desk.units, desk.log, TOPICS, desk.handlers, {}, metrics=desk.metrics, skips=skips)

    async def test_only_a_record_with_the_header_is_skipped(self, desk, skipping, running, eventually):
        appeals = {role: uuid4() for role in ("specialist", "head", "operator")}
        await desk.emit(*(CaseClaimed(appeal_id=appeal_id, actor_role=role) for role, appeal_id in appeals.items()))
        await desk.emit(closed(appeals["specialist"]))
        await desk.relay_all()
        async with running(skipping.run):
            await eventually(lambda: consumed(desk, 3))
        assert await desk.consumed(appeals["specialist"]) == ["case-closed"]
        assert [await desk.consumed(appeals[role]) for role in ("head", "operator")] == [["case-claimed"], ["case-claimed"]]
        assert await desk.count(tables.inbox) == 3

    async def test_its_position_is_passed_although_nothing_else_comes(self, desk, skipping, running, eventually, appeal_id):
        await desk.emit(claimed(appeal_id))
        await desk.relay_all()

        async def is_passed() -> bool:
            async with desk.database.read() as session:
                return sum(row.next_offset for row in await inbox.stored_offsets(session) if row.topic == APPEALS) == 1

        async with running(skipping.run):
            await eventually(is_passed)
        assert (await desk.consumed(), await desk.count(tables.inbox)) == ([], 0)

    async def test_it_is_not_parked_behind_an_event_that_fails(self, desk, skipping, running, eventually, appeal_id):
        desk.broken.add(appeal_id)
        await desk.emit(closed(appeal_id), claimed(appeal_id), closed(appeal_id))
        await desk.relay_all()
        async with running(skipping.run):
            await eventually(lambda: parked(desk, 2))
            desk.broken.clear()
            assert await skipping.replay() == 2
        assert await desk.consumed(appeal_id) == ["case-closed", "case-closed"]
