from datetime import timedelta

import pytest

from provider_contact.proposals.codes import ProposalStatus
from provider_contact.proposals.errors import ProposalOpen, UnknownProposal
from provider_contact.proposals.models import Proposal
from shared.contracts import ProposalUnanswered, SolutionProposed
from tests.provider_contact.conftest import appeal_id
from tests.provider_contact.outcomes import SECRET, answered, mark_unanswered, propose_again, proposed, statuses


class TestPropose:
    async def test_a_proposal_is_published_without_its_text_and_waits_three_working_days(self, world):
        proposal_id = await proposed(world)
        [event] = await world.emitted(SolutionProposed)
        assert (event.proposal_id, event.appeal_id, event.language) == (proposal_id, appeal_id(1), "kk")
        assert event.answer_until.isoformat() == "2026-02-10T18:59:59+00:00", "from a Thursday: Friday, Monday, Tuesday"
        assert SECRET not in await world.every_column()

    async def test_the_applicant_is_asked_one_proposal_of_an_inquiry_at_a_time(self, world):
        await proposed(world)
        [row] = await world.rows(Proposal)
        with pytest.raises(ProposalOpen):
            await propose_again(world, row.inquiry_id)
        await world.consume(answered(row.proposal_id, confirmed=False))
        await propose_again(world, row.inquiry_id)
        assert len(await world.emitted(SolutionProposed)) == 2


class TestAnswer:
    @pytest.mark.parametrize(("confirmed", "status"), [(True, ProposalStatus.CONFIRMED), (False, ProposalStatus.DENIED)])
    async def test_the_first_answer_counts_and_later_ones_change_nothing(self, world, confirmed, status):
        proposal_id = await proposed(world)
        await world.consume(answered(proposal_id, confirmed=confirmed))
        at = world.clock.now()
        world.clock.advance(timedelta(hours=1))
        await world.consume(answered(proposal_id, confirmed=not confirmed, method="SMS"))
        [row] = await world.rows(Proposal)
        assert (row.status, row.answered_at, row.method) == (status, at, "TRACK")

    async def test_two_answers_in_one_batch_are_one(self, world):
        proposal_id = await proposed(world)
        await world.consume(answered(proposal_id, confirmed=False), answered(proposal_id, confirmed=True))
        assert await statuses(world) == ["DENIED"]

    async def test_an_answer_to_no_proposal_is_quarantined(self, world):
        with pytest.raises(UnknownProposal):
            await world.consume(answered(appeal_id(9)))


class TestSilence:
    async def test_silence_is_no_answer_published_once_after_the_term(self, world):
        proposal_id = await proposed(world)
        world.clock.advance(timedelta(days=5))
        assert await mark_unanswered(world) == 0
        world.clock.advance(timedelta(days=1))
        assert await mark_unanswered(world) == 1
        assert await mark_unanswered(world) == 0
        assert [event.proposal_id for event in await world.emitted(ProposalUnanswered)] == [proposal_id]
        assert await statuses(world) == ["NO_ANSWER"]

    async def test_what_was_answered_is_never_unanswered(self, world):
        await world.consume(answered(await proposed(world), confirmed=False))
        world.clock.advance(timedelta(days=30))
        assert await mark_unanswered(world) == 0

    @pytest.mark.parametrize("confirmed", [True, False])
    async def test_a_late_answer_is_still_the_applicants_word(self, world, confirmed):
        proposal_id = await proposed(world)
        world.clock.advance(timedelta(days=6))
        await mark_unanswered(world)
        await world.consume(answered(proposal_id, confirmed=confirmed))
        assert await statuses(world) == ["CONFIRMED" if confirmed else "DENIED"]
