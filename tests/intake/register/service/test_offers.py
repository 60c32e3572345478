"""What a provider proposes and promises, and what the applicant answers by the API."""

from datetime import timedelta
from uuid import uuid4

import pytest

from intake.register.codes import AnswerMethod
from intake.register.models import Message
from intake.register.service import offers
from shared.contracts import CaseClosed
from tests.intake.offers import INQUIRY, PROVIDER, TEXT, offered, stand_in_provider_contact
from tests.keys import key_named


def problem(answer):
    return answer.status_code, answer.json()["code"]


class TestProposal:
    async def test_the_applicant_reads_what_the_provider_says_and_is_asked(self, desk):
        asked = stand_in_provider_contact(desk)
        case = await offered(desk)
        proposal_id = await case.proposed()
        seen = await case.seen()
        [proposal] = seen["proposals"]
        assert (proposal["proposal_id"], proposal["status"], proposal["text"]) == (str(proposal_id), "PROPOSED", TEXT)
        assert (proposal["answer"], proposal["changeable_until"], proposal["language"]) == (None, None, "kk")
        assert "proposal-answers" in seen["actions"]
        assert "commitment-answers" not in seen["actions"]
        assert [(each["purpose"], each["on_behalf_of"]) for each in asked] == [("proposal", "applicant")]
        assert "solution-proposed" in [entry["type"] for entry in seen["timeline"]]

    @pytest.mark.parametrize(("confirmed", "status", "line"), [(True, "CONFIRMED", "confirmed"), (False, "DENIED", "denied")])
    async def test_the_applicants_answer_decides_and_is_published_once(self, desk, confirmed, status, line):
        case = await offered(desk)
        proposal_id = await case.proposed()
        answer = await case.confirm(proposal_id, confirmed=confirmed)
        assert answer.status_code == 201
        assert (answer.json()["answer"], answer.json()["changeable_until"]) == (confirmed, None)
        assert problem(await case.confirm(proposal_id, confirmed=not confirmed)) == (409, "proposal-answered")
        assert await case.published() == [(confirmed, "APP")]
        seen = await case.seen()
        assert seen["proposals"][0]["status"] == status
        assert "proposal-answers" not in seen["actions"]
        assert [entry["type"] for entry in seen["timeline"]].count(f"proposal-{line}") == 1

    async def test_a_repeated_request_has_the_same_answer_and_no_further_effect(self, desk):
        case = await offered(desk)
        proposal_id, key = await case.proposed(), key_named("answer")
        first = await case.confirm(proposal_id, key=key)
        again = await case.confirm(proposal_id, key=key)
        assert (again.status_code, again.content, again.headers["Idempotency-Replayed"]) == (201, first.content, "true")
        assert await case.published() == [(True, "APP")]

    async def test_silence_is_no_success_and_a_late_answer_still_counts(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        await case.unanswered(proposal_id)
        assert (await case.seen())["proposals"][0]["status"] == "NO_ANSWER"
        assert await case.published() == []
        assert (await case.confirm(proposal_id, confirmed=False)).status_code == 201
        await case.unanswered(proposal_id)  # read again: it no longer changes anything
        assert (await case.offer(proposal_id)).status == "DENIED"

    async def test_a_call_of_the_fund_shows_that_a_confirmation_does_not_hold(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        await case.confirm(proposal_id)
        await case.verified(proposal_id, "UNREACHED")
        assert (await case.offer(proposal_id)).status == "CONFIRMED"
        await case.verified(proposal_id, "REFUTED")
        assert (await case.offer(proposal_id)).status == "REFUTED"

    async def test_a_comment_becomes_a_message_to_the_fund(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        said = {"proposal_id": str(proposal_id), "confirmed": False, "comment": "Ешкім хабарласқан жоқ"}
        assert (await case.do("proposal-answers", said)).status_code == 201
        [message] = [row for row in await desk.rows(Message) if row.appeal_id == case.id]
        assert message.kind == "REASON"
        assert "Ешкім".encode() not in message.text
        assert "Ешкім" in str((await case.seen())["messages"])

    async def test_an_event_that_is_read_twice_asks_once(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        await case.confirm(proposal_id)
        row = await case.offer(proposal_id)
        event = offers.SolutionProposed(
            appeal_id=case.id, proposal_id=proposal_id, inquiry_id=INQUIRY, provider_id=PROVIDER, language="kk",
            answer_until=desk.clock.now(),
        )  # fmt: skip
        await case.consume(event)
        assert await case.offer(proposal_id) == row

    async def test_without_the_owner_of_the_text_the_question_is_still_shown(self, desk):
        stand_in_provider_contact(desk, away=True)
        case = await offered(desk)
        await case.proposed()
        seen = await case.seen()
        assert (seen["proposals"][0]["text"], "proposal-answers" in seen["actions"]) == (None, True)

    async def test_an_appeal_that_is_over_is_not_asked_about_any_more(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        await case.consume(CaseClosed(appeal_id=case.id, outcome="EXPLAINED", actor_role="specialist"))
        assert problem(await case.confirm(proposal_id)) == (409, "appeal-finished")
        assert "proposal-answers" not in (await case.seen())["actions"]


class TestCommitment:
    async def test_a_promise_is_asked_about_from_its_day_on(self, desk):
        case = await offered(desk)
        commitment_id = await case.promised()
        assert (await case.seen())["commitments"][0]["due_on"] == "2026-02-20"
        assert problem(await case.report(commitment_id, fulfilled=True)) == (409, "commitment-not-due")
        await case.due(commitment_id)
        assert (await case.seen())["commitments"][0]["status"] == "DUE"
        assert (await case.report(commitment_id, fulfilled=False)).status_code == 201
        assert problem(await case.report(commitment_id, fulfilled=True)) == (409, "commitment-answered")
        assert await case.published() == [(False, "APP")]
        assert (await case.offer(commitment_id)).status == "BROKEN"

    async def test_an_excused_promise_is_not_asked_about(self, desk):
        case = await offered(desk)
        commitment_id = await case.promised()
        await case.due(commitment_id)
        await case.ended(commitment_id, "EXCUSED")
        assert problem(await case.report(commitment_id, fulfilled=False)) == (409, "commitment-answered")
        assert await case.published() == []


class TestDoor:
    async def test_a_wrong_pin_and_an_unknown_number_are_alike(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        other = await offered(desk)
        refused = [
            await case.confirm(proposal_id, pin="00000000"),
            await case.confirm(uuid4(), pin="00000000"),
            await case.confirm(proposal_id, headers=desk.token("applicant", subject="stranger")),
            await case.confirm(proposal_id, headers=desk.token("specialist", region="KZ-43")),
            await other.confirm(proposal_id),  # another appeal's, with a PIN that is right
            await case.report(proposal_id, fulfilled=True),
        ]
        assert {answer.status_code for answer in refused} == {404}
        assert len({answer.content for answer in refused}) == 1
        assert await case.published() == []

    async def test_nobody_but_the_applicant_reads_offers(self, desk):
        asked = stand_in_provider_contact(desk)
        case = await offered(desk)
        await case.proposed()
        for headers in (desk.token("specialist", region="KZ-43"), desk.token("operator"), desk.token("admin")):
            seen = await case.seen(headers)
            assert (seen["proposals"], seen["commitments"], seen["actions"]) == ([], [], [])
        assert asked == []

    async def test_the_applicants_own_token_answers(self, desk):
        mine = desk.token("applicant", subject="a")
        case = await offered(desk, mine)
        proposal_id = await case.proposed()
        assert (await case.confirm(proposal_id, headers=mine)).status_code == 201


class TestHold:
    async def answer(self, case, offer_id, yes, method=AnswerMethod.TRACK):
        given = offers.OfferAnswer(kind="PROPOSAL", offer_id=offer_id, answer=yes, method=method)
        async with case.desk.parts.units.write() as work:
            return await offers.answer(work, case.id, given)

    async def test_an_answer_by_the_page_may_be_changed_for_a_minute_and_is_published_once(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        first = await self.answer(case, proposal_id, yes=True)
        desk.clock.advance(timedelta(seconds=40))
        changed = await self.answer(case, proposal_id, yes=False)
        assert changed.changeable_until == first.changeable_until
        assert not await case.publish()
        assert ((await case.seen())["proposals"][0]["status"], await case.published()) == ("PROPOSED", [])
        await case.minute_passes()
        await case.minute_passes()
        assert await case.published() == [(False, "TRACK")]
        with pytest.raises(offers.ProposalAnswered):
            await self.answer(case, proposal_id, yes=True)

    async def test_an_answer_whose_minute_is_over_is_final_before_it_is_published(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        await self.answer(case, proposal_id, yes=True)
        desk.clock.advance(timedelta(seconds=60))
        with pytest.raises(offers.ProposalAnswered):
            await self.answer(case, proposal_id, yes=False)
        await case.minute_passes()
        assert await case.published() == [(True, "TRACK")]


class TestCost:
    async def test_an_appeal_without_offers_is_read_without_looking_for_them(self, desk, monkeypatch):
        asked = stand_in_provider_contact(desk)

        async def refuse(*_):
            raise AssertionError("offers are looked for")

        monkeypatch.setattr("intake.register.service.tracking.offers_of_appeal", refuse)
        case = await offered(desk)
        assert (await case.seen())["proposals"] == []
        assert asked == []
