"""Random actions of the provider and of staff, answers without a person, and the clock: what always holds of an inquiry."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import func, select

from provider_contact.inquiries.codes import InquiryStatus
from provider_contact.inquiries.models import InquiryEntry, ProviderResponse
from provider_contact.inquiries.policy import statuses
from provider_contact.inquiries.service import advance_due, workflow
from shared import contracts
from shared.messaging.tables import outbox
from tests.provider_contact.conftest import PROVIDER, closed, sent_inquiry
from tests.provider_contact.inquiries.service.test_actions import PLAIN, REFUSED, Exchange
from tests.provider_contact.inquiries.service.test_steps import Planned

STEPS = 60
FIELDS = {
    "respond": [PLAIN, REFUSED, PLAIN | {"code": "NEEDS_TIME"}, PLAIN | {"code": "RESOLVED"}],
    "propose": [{"language": "kk", "text": "Шешілді"}],
    "promise": [{"language": "kk", "text": "Береміз", "due_on": "2026-06-01"}],
    "accept": [{}, {"refusal_lawful": False}],
    "return": [{"reason": "UNCLEAR", "text": "Қай күні?"}],
    "record-call": [{"spoken_to": "Сынақ", "position": "тіркеуші", "text": "Ертең"}],
    "escalate-to": [{"body": "MEDICAL_CONTROL"}],
    "cancel": [{"reason": "MISTAKE"}],
}
RARE = {"cancel"}
STAFF_ACTIONS = {"accept", "return", "remind", "record-call", "grant-time", "refuse-time", "escalate-to", "cancel"}


class Walk:
    """One inquiry, and a random walk over everything that can happen to it."""

    def __init__(self, world, exchange, seed):
        self.world, self.exchange, self.pick = world, exchange, Random(seed)
        self.notices, self.done = Planned(), Counter()
        world.app.state.actions.notices = self.notices

    async def published(self):
        async with self.world.parts.database.read() as session:
            return (await session.execute(select(func.count()).select_from(outbox))).scalar_one()

    async def step(self):
        before, published = await self.exchange.row(), await self.published()
        happening = self.pick.choice([self.do_something] * 6 + [self.wait, self.receive])
        await happening(before)
        await self.check(before, published)

    async def do_something(self, before):
        """Somebody tries an action: it is carried out if and only if it is offered, or its fields do not fit."""
        world, exchange = self.world, self.exchange
        day = timedelta(days=3650)
        provider = world.token("provider", provider_id=PROVIDER, subject="p", lifetime=day)
        clerk = world.token("specialist", region="KZ-43", subject="s", lifetime=day)
        action = self.pick.choice([step for step in FIELDS if step not in RARE or self.pick.random() < 0.1] + ["acknowledge", "ask-time"])
        if self.pick.random() < 0.3:
            action = self.pick.choice(["remind", "grant-time", "refuse-time"])
        who = clerk if action in STAFF_ACTIONS else provider
        offered = {each["action"] for each in (await exchange.shown(who))["next_actions"]}
        fields = dict(self.pick.choice(FIELDS.get(action, [{}])))
        if action == "ask-time":
            fields = {"until": (before.due_at + timedelta(days=4)).date().isoformat(), "reason": "Мұрағат"}
        exchange.version = before.version
        answer = await exchange.call(who, action, **fields)
        if answer.status_code == 409 and answer.json()["code"] == "action-not-possible":
            assert action not in offered or fields.get("code") == "NEEDS_TIME", f"{action} is offered and refused"
            return
        if answer.is_success:
            assert action in offered, f"{action} is not offered and is carried out"
            assert answer.json()["version"] == before.version + 1
            self.done[action] += 1
        else:
            assert answer.status_code in {409, 422}, answer.text
            assert (await exchange.row()).version == before.version

    async def wait(self, _before):
        self.world.clock.advance(timedelta(hours=self.pick.choice([1, 20, 70])))
        async with self.world.parts.units.write() as work:
            while await advance_due(work, self.notices):
                pass

    async def receive(self, before):
        received = await self.exchange.receive(**self.pick.choice([PLAIN, REFUSED]))
        assert received.counts == (not before.settled)

    async def check(self, before, published):
        after = await self.exchange.row()
        assert after.version >= before.version
        if after.status != before.status:
            edges = {(step.status, step.next) for step in workflow.steps().values()}
            assert (before.status, after.status) in edges, "every move is one of the workflow"
            assert await self.published() > published, "every move is published"
        if after.status == InquiryStatus.RETURNED and before.status != InquiryStatus.RETURNED:
            assert after.round == before.round + 1
        else:
            assert after.round == before.round, "a round begins with a return alone"
        assert after.settled == (after.closed_at is not None or not statuses()[after.status].awaits)

    async def check_whole(self):
        rows, world = await self.world.rows(ProviderResponse), self.world
        counting = Counter(row.round for row in rows if row.counts)
        assert all(count == 1 for count in counting.values()), "a round has one answer"
        answered = await world.emitted(contracts.InquiryAnswered)
        assert {event.response_id for event in answered} == {row.response_id for row in rows if row.counts}
        overdue = Counter(event.due_at for event in await world.emitted(contracts.InquiryOverdue))
        assert all(count == 1 for count in overdue.values()), "a due date is overdue once"
        entries = Counter((entry.type, entry.round) for entry in await world.rows(InquiryEntry))
        assert all(count == 1 for (kind, _), count in entries.items() if kind in {"return", "ESCALATION"})


class TestRandomWalks:
    @pytest.mark.parametrize("seed", range(8))
    async def test_what_always_holds_of_an_inquiry(self, world, seed):
        walk = Walk(world, Exchange(world, await sent_inquiry(world)), seed)
        for _ in range(STEPS):
            await walk.step()
        await walk.check_whole()
        await world.consume(closed(1))
        before = await walk.exchange.row()
        received = await walk.exchange.receive(**PLAIN)
        assert (received.counts, (await walk.exchange.row()).version) == (False, before.version)
        assert sum(walk.done.values()) > 5, "the walk tries what is possible"
