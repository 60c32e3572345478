from datetime import timedelta

import pytest

from provider_contact.checks.models import OutcomeCheck
from provider_contact.inquiries.models import Inquiry, InquiryEntry
from provider_contact.proposals.models import Proposal
from shared.contracts import AppealWithdrawn, CaseClosed, InquirySent, OutcomeVerified
from shared.ids import derived
from tests.provider_contact.conftest import PROVIDER, appeal_id, registered, sent_inquiry
from tests.provider_contact.outcomes import answered, proposed, statuses

FOUND = {"VERIFIED": "Өзі растады.", "REFUTED": "Растамаған.", "UNREACHED": "Телефонды алмады."}


async def confirmed(world, number=1):
    proposal_id = await proposed(world, number)
    await world.consume(answered(proposal_id, number=number))
    return proposal_id


async def call(world, check_id, result, role="operator", **claims):
    who = world.token(role, **claims)
    return await world.post(f"/v1/checks/{check_id}/actions/verify", who, {"result": result, "text": FOUND[result]})


async def results(world):
    return [(event.about, event.result) for event in await world.emitted(OutcomeVerified)]


class TestCall:
    @pytest.mark.parametrize("result", ["VERIFIED", "REFUTED"])
    async def test_the_result_is_published_once_and_the_proposal_follows(self, world, result):
        proposal_id = await confirmed(world)
        answer = await call(world, derived(proposal_id, "check"), result)
        assert (answer.status_code, answer.json()["status"]) == (200, result)
        assert (await call(world, derived(proposal_id, "check"), "VERIFIED")).json()["code"] == "check-ended"
        assert await results(world) == [("PROPOSAL", result)]
        assert await statuses(world) == [result]
        assert FOUND[result] not in await world.every_column()

    @pytest.mark.parametrize("result", FOUND)
    async def test_the_route_of_checks_and_the_action_on_the_inquiry_leave_the_same(self, world, result):
        left = []
        for number in (1, 2):
            proposal_id = await confirmed(world, number)
            [before] = [each for each in await world.rows(Inquiry) if each.appeal_id == appeal_id(number)]
            if number == 1:
                answer = await call(world, derived(proposal_id, "check"), result)
            else:
                named = {"expected_version": before.version, "proposal_id": str(proposal_id), "result": result, "text": FOUND[result]}
                answer = await world.post(f"/v1/inquiries/{before.inquiry_id}/actions/verify", world.token("operator"), named)
            assert answer.status_code == 200, answer.text
            [after] = [each for each in await world.rows(Inquiry) if each.appeal_id == appeal_id(number)]
            [check] = [each for each in await world.rows(OutcomeCheck) if each.proposal_id == proposal_id]
            entries = [
                (each.type, each.code, each.actor_role) for each in await world.rows(InquiryEntry) if each.inquiry_id == after.inquiry_id
            ]
            left.append((after.version - before.version, after.status, after.flags, check.status, check.attempts, entries))
        assert left[0] == left[1]
        assert left[0][-1] == [("verify", result, "operator")]

    async def test_an_applicant_who_is_not_reached_is_called_three_times_and_stays_unproven(self, world):
        check_id = derived(await confirmed(world), "check")
        for number in (1, 2, 3):
            assert await results(world) == []
            item = (await call(world, check_id, "UNREACHED")).json()
            assert (item["attempts"], item["status"]) == (number, "UNREACHED" if number == 3 else "OPEN")
        assert await results(world) == [("PROPOSAL", "UNREACHED")]
        assert await statuses(world) == ["CONFIRMED"]

    async def test_a_withdrawal_is_checked_the_same_way(self, world):
        await world.consume(registered(1, provider_id=PROVIDER))
        await world.consume(AppealWithdrawn(appeal_id=appeal_id(1), reason="PRESSURE"))
        [row] = await world.rows(OutcomeCheck)
        assert row.status == "OPEN", "each withdrawal under pressure is drawn"
        assert (await call(world, row.check_id, "REFUTED")).status_code == 200
        assert await results(world) == [("WITHDRAWAL", "REFUTED")]

    async def test_only_staff_who_see_the_case_call(self, world):
        check_id = derived(await confirmed(world), "check")
        assert (await call(world, check_id, "VERIFIED", "specialist", region="KZ-75")).status_code == 404
        assert (await call(world, check_id, "VERIFIED", "admin")).status_code == 403
        assert (await call(world, check_id, "VERIFIED", "provider", provider_id=PROVIDER)).status_code == 403


class TestActions:
    """The actions on an inquiry that these slices add."""

    async def carry_out(self, world, inquiry_id, action, version, role="provider", **fields):
        who = world.token(role, provider_id=PROVIDER) if role == "provider" else world.token(role)
        return await world.post(f"/v1/inquiries/{inquiry_id}/actions/{action}", who, {"expected_version": version, **fields})

    async def test_a_provider_proposes_the_applicant_confirms_and_a_clerk_verifies_after_the_end(self, world):
        inquiry_id = await sent_inquiry(world)
        made = await self.carry_out(world, inquiry_id, "propose", 1, language="kk", text="Пациент жазылды.")
        assert "propose" not in {action["action"] for action in made.json()["next_actions"]}
        again = await self.carry_out(world, inquiry_id, "propose", 2, language="kk", text="Тағы.")
        assert again.json()["code"] == "action-not-possible"
        [proposal] = await world.rows(Proposal)
        await world.consume(answered(proposal.proposal_id))
        await world.consume(CaseClosed(appeal_id=appeal_id(1), outcome="RESOLVED_ON_SPOT", actor_role="specialist"))
        found = {"proposal_id": str(proposal.proposal_id), "result": "REFUTED", "text": "Растамады."}
        assert (await self.carry_out(world, inquiry_id, "verify", 4, "operator", **found)).status_code == 200
        assert await results(world) == [("PROPOSAL", "REFUTED")]
        detail = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("operator"))).json()
        assert [(each["status"], each["text"]) for each in detail["proposals"]] == [("REFUTED", "Пациент жазылды.")]

    async def test_an_answer_resolved_opens_a_proposal_whatever_its_length(self, world):
        inquiry_id = await sent_inquiry(world)
        text = "Ұзақ жауап. " * 1000
        assert (await self.carry_out(world, inquiry_id, "respond", 1, language="kk", code="RESOLVED", text=text)).status_code == 200
        assert await statuses(world) == ["PROPOSED"]

    async def test_a_promise_is_excused_by_staff_alone_and_once(self, world):
        inquiry_id = await sent_inquiry(world)
        await self.carry_out(world, inquiry_id, "promise", 1, language="kk", text="Дәрі беріледі.", due_on="2026-02-12")
        detail = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("operator"))).json()
        [promise] = detail["commitments"]
        named = {"commitment_id": promise["commitment_id"], "reason": "FORCE_MAJEURE"}
        assert (await self.carry_out(world, inquiry_id, "excuse", 2, "operator", **(named | {"reason": "X"}))).status_code == 422
        assert (await self.carry_out(world, inquiry_id, "excuse", 2, "operator", **named)).status_code == 200
        assert (await self.carry_out(world, inquiry_id, "excuse", 3, "operator", **named)).status_code == 409

    async def test_the_answer_after_the_term_is_still_possible_and_the_inquiry_is_a_new_version(self, world):
        inquiry_id = await sent_inquiry(world)
        await world.consume()
        proposal_id = await proposed(world, 2)
        world.clock.advance(timedelta(days=6))
        await world.consume(answered(proposal_id, number=2))
        sent = [event.inquiry_id for event in await world.emitted(InquirySent)]
        item = (await world.get(f"/v1/inquiries/{sent[1]}", world.token("admin", lifetime=timedelta(days=9)))).json()
        assert (item["version"], inquiry_id) == (2, sent[0])
