"""Codes to an applicant's own contact, and what they are for: the contact confirmed, the appeal taken back."""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from intake.notifications.models import Notification
from intake.register.models import ContactCode, Message, Withdrawal
from intake.register.service import verification
from shared.contracts import AnswerGiven, ApplicantAsked, CaseClosed, CaseForwarded, CaseReopened, CaseReturned, CaseTerminated
from tests.intake.register.test_applicant_api import emitted, filed, problem


class TestCodes:
    async def test_it_serves_what_it_was_asked_for_and_nothing_else(self, desk):
        case = await filed(desk)
        code = await case.code()
        assert problem(await case.withdraw(code=code)) == (422, "wrong-code")
        assert (await case.do("contact-confirmation", {"code": code})).status_code == 201
        code = await case.code(purpose="withdrawal")
        assert problem(await case.do("contact-confirmation", {"code": code})) == (422, "wrong-code")
        assert (await case.withdraw(code=code)).status_code == 201
        assert {one.fact for one in await desk.rows(Notification) if one.secret} == {"code", "withdrawal-code"}

    async def test_a_code_confirms_the_contact_once(self, desk):
        case = await filed(desk)
        code = await case.code()
        told = (await case.do("contact-confirmation", {"code": code})).json()
        assert told["contact"] == "phone"
        assert (await case.seen())["contact_confirmed"] is True
        assert problem(await case.do("contact-confirmation", {"code": code})) == (422, "wrong-code")

    async def test_five_wrong_tries_spoil_it(self, desk):
        case = await filed(desk)
        code = await case.code(contact="email")
        wrong = f"{(int(code) + 1) % 10**6:06}"
        for _ in range(5):
            assert problem(await case.do("contact-confirmation", {"code": wrong})) == (422, "wrong-code")
        assert problem(await case.do("contact-confirmation", {"code": code})) == (422, "wrong-code")

    async def test_it_is_good_for_ten_minutes_and_a_newer_one_replaces_it(self, desk):
        case = await filed(desk)
        old, late = await case.code(), await case.code()
        if old != late:
            assert problem(await case.do("contact-confirmation", {"code": old})) == (422, "wrong-code")
        desk.clock.advance(timedelta(minutes=10))
        assert problem(await case.do("contact-confirmation", {"code": late})) == (422, "wrong-code")

    async def test_three_an_hour_go_to_a_contact_whatever_the_appeal(self, desk):
        case, other = await filed(desk), await filed(desk)
        for _ in range(3):
            assert (await case.do("verification", {})).status_code == 201
        refused = await other.do("verification", {})
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3600")
        desk.clock.advance(timedelta(hours=1))
        assert (await other.do("verification", {})).status_code == 201

    async def test_without_a_contact_there_is_none(self, desk):
        case = await filed(desk, applicant={})
        assert problem(await case.do("verification", {})) == (409, "no-contact")

    async def test_nothing_of_it_is_stored_in_clear(self, desk):
        case = await filed(desk)
        code = await case.code()
        (row,) = await desk.rows(ContactCode)
        assert code.encode() not in row.code
        assert b"7010000000" not in row.contact

    async def test_old_ones_are_purged(self, desk):
        await (await filed(desk)).code()
        desk.clock.advance(timedelta(days=2))
        async with desk.parts.units.write() as work:
            await verification.purge_codes(work)
        assert await desk.rows(ContactCode) == []


class TestWithdrawal:
    async def test_a_question_is_withdrawn_at_once(self, desk):
        case = await filed(desk)
        await case.routed("CONSULTATION", 1)
        told = (await case.withdraw()).json()
        assert (told["withdrawal"], told["status"]) == ("DONE", "WITHDRAWN")
        seen = await case.seen()
        assert (seen["status"], seen["outcome"], seen["actions"]) == ("WITHDRAWN", "WITHDRAWN", [])
        assert len(await emitted(desk, "appeal-withdrawn")) == 1
        (row,) = await desk.rows(Withdrawal)
        assert (row.state, row.proof, row.reason) == ("DONE", "phone", "SOLVED")

    @pytest.mark.parametrize("confirmed", [True, False])
    async def test_a_complaint_waits_for_the_funds_call(self, desk, confirmed):
        case = await filed(desk)
        await case.routed()
        assert (await case.withdraw()).json()["withdrawal"] == "PENDING"
        assert (await case.seen())["withdrawal_pending"] is True
        assert await emitted(desk, "appeal-withdrawn") == []
        assert problem(await case.withdraw(code="123456")) == (409, "withdrawal-pending")
        head = desk.token("head", region="KZ-43", subject="head-1")
        (item,) = (await desk.client.get("/intake/v1/withdrawals", headers=head)).json()["items"]
        assert (item["number"], item["reason"]) == (case.number, "SOLVED")
        path = f"/intake/v1/withdrawals/{case.id}/call-back"
        said = {"confirmed": confirmed, "note": "Өзі растады"}
        stranger = await desk.client.post(path, json=said, headers=desk.token("head", region="KZ-75"))
        assert problem(stranger) == (404, "not-found")
        told = (await desk.client.post(path, json=said, headers=head)).json()
        assert (told["withdrawal"], told["status"]) == (("DONE", "WITHDRAWN") if confirmed else ("REFUSED", "IN_REVIEW"))
        assert len(await emitted(desk, "appeal-withdrawn")) == int(confirmed)
        again = await desk.client.post(path, json=said, headers=head)
        assert problem(again) == (409, "no-withdrawal")

    async def test_pressure_is_never_taken_at_its_word(self, desk):
        case = await filed(desk)
        await case.routed("CONSULTATION", 1)
        assert (await case.withdraw("PRESSURE")).json()["withdrawal"] == "PENDING"

    @pytest.mark.parametrize(("kind", "tier", "state"), [("CONSULTATION", 1, "DONE"), ("COMPLAINT", 2, "PENDING")])
    async def test_asked_for_many_times_at_once_it_is_one(self, desk, kind, tier, state):
        case = await filed(desk)
        await case.routed(kind, tier)
        code = await case.code(purpose="withdrawal")
        answers = await asyncio.gather(*(case.withdraw(code=code) for _ in range(4)))
        assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
        assert [row.state for row in await desk.rows(Withdrawal)] == [state]
        assert len(await desk.rows(Message)) == 1
        assert len(await emitted(desk, "appeal-withdrawn")) == int(state == "DONE")

    async def test_called_back_twice_at_once_it_ends_once(self, desk):
        case = await filed(desk)
        await case.routed()
        await case.withdraw()
        path, head = f"/intake/v1/withdrawals/{case.id}/call-back", desk.token("head", region="KZ-43")
        calls = (desk.client.post(path, json={"confirmed": confirmed}, headers=head) for confirmed in (True, False))
        assert sorted(one.status_code for one in await asyncio.gather(*calls)) == [201, 409]
        (row,) = await desk.rows(Withdrawal)
        assert len(await emitted(desk, "appeal-withdrawn")) == int(row.state == "DONE")

    async def test_a_slip_of_paper_is_not_enough(self, desk):
        case = await filed(desk)
        assert problem(await case.withdraw(code="000000")) == (422, "wrong-code")
        assert await desk.rows(Withdrawal) == []

    async def test_what_is_answered_is_decided(self, desk):
        case = await filed(desk)
        await case.answered()
        assert problem(await case.withdraw(code="123456")) == (409, "already-decided")

    @pytest.mark.parametrize(
        ("decided", "status", "outcome"),
        [
            (partial(AnswerGiven, answer_id=UUID(int=1), language="kk", findings=["JUSTIFIED"]), "ANSWERED", None),
            (partial(CaseClosed, outcome="EXPLAINED"), "CLOSED", "EXPLAINED"),
            (partial(CaseReturned, ground="OBSCENE"), "RETURNED", "RETURNED"),
            (partial(CaseTerminated, ground="REPEAT"), "TERMINATED", "TERMINATED"),
            (partial(CaseForwarded, body="OTHER_BODY", letter_id=None), "FORWARDED", "FORWARDED"),
        ],
    )
    async def test_a_decision_before_the_withdrawal_was_received_holds_and_the_applicant_sees_it(self, desk, decided, status, outcome):
        case = await filed(desk)
        await case.routed("CONSULTATION", 1)
        assert (await case.withdraw()).json()["status"] == "WITHDRAWN"
        await case.consume(decided(appeal_id=case.id, actor_role="head"))
        seen = await case.seen()
        assert (seen["status"], seen["outcome"], seen["timeline"][-1]["type"]) == (status, outcome, "withdrawal-late")
        assert ("confirmation" in seen["actions"]) == (status == "ANSWERED")
        (row,) = await desk.rows(Withdrawal)
        assert row.state == "LATE"
        assert "withdrawal-late" in {one.fact for one in await desk.rows(Notification)}

    async def test_a_refuted_withdrawal_is_not_late_and_the_appeal_is_considered_again(self, desk):
        case = await filed(desk)
        await case.routed("CONSULTATION", 1)
        assert (await case.withdraw()).json()["status"] == "WITHDRAWN"
        reopened = CaseReopened(appeal_id=case.id, tier=2, queue="KZ-43/2/kk", reason="WITHDRAWAL_REFUTED")
        await case.consume(reopened)
        seen = await case.seen()
        assert (seen["status"], seen["outcome"], seen["timeline"][-1]["type"]) == ("IN_REVIEW", None, "case-reopened")
        (row,) = await desk.rows(Withdrawal)
        assert row.state == "DONE"

    async def test_what_is_decided_while_a_call_is_waited_for_waits_for_none(self, desk):
        case = await filed(desk)
        await case.routed()
        await case.withdraw()
        await case.consume(CaseReturned(appeal_id=case.id, ground="OBSCENE", actor_role="head"))
        seen = await case.seen()
        assert (seen["status"], seen["withdrawal_pending"]) == ("RETURNED", False)

    async def test_a_statement_that_waits_for_the_call_is_no_message_to_the_desk(self, desk):
        case = await filed(desk)
        await case.routed()
        question, due = uuid4(), desk.clock.now() + timedelta(days=3)
        await case.consume(ApplicantAsked(appeal_id=case.id, question_id=question, due_at=due, actor_role="head"))
        desk.clock.advance(timedelta(minutes=1))
        assert (await case.withdraw()).json()["status"] == "AWAITING_APPLICANT"
        assert await emitted(desk, "message-added") == []
        seen = await case.seen()
        assert (seen["timeline"][-1]["type"], seen["open_question"]) == ("withdrawal-asked", str(question))

    async def test_an_unknown_reason_is_named(self, desk):
        case = await filed(desk)
        answer = await case.withdraw("BORED", code="123456")
        assert answer.json()["errors"][0]["field"] == "reason"

    async def test_the_list_goes_on_behind_its_cursor(self, desk):
        for _ in range(3):
            case = await filed(desk, applicant={"email": f"synaq{uuid4().hex[:6]}@mail.example"})
            await case.routed()
            await case.withdraw()
            desk.clock.advance(timedelta(seconds=1))
        head, found, cursor = desk.token("head", region="KZ-43"), [], ""
        while cursor is not None:
            path = f"/intake/v1/withdrawals?limit=2{f'&cursor={cursor}' if cursor else ''}"
            page = (await desk.client.get(path, headers=head)).json()
            found, cursor = [*found, *page["items"]], page["next_cursor"]
            assert page["total"] == 3
        assert len({one["number"] for one in found}) == 3
        assert (await desk.client.get("/intake/v1/withdrawals", headers=desk.token("head", region="KZ-75"))).json()["total"] == 0
        assert (await desk.client.get("/intake/v1/withdrawals", headers=desk.token("operator"))).status_code == 403

    async def test_an_admin_sees_them_all_and_decides_none(self, desk):
        case, admin = await filed(desk), desk.token("admin")
        await case.routed()
        await case.withdraw()
        listed = (await desk.client.get("/intake/v1/withdrawals", headers=admin)).json()
        assert (listed["total"], listed["items"][0]["number"]) == (1, case.number)
        decided = await desk.client.post(f"/intake/v1/withdrawals/{case.id}/call-back", json={"confirmed": True}, headers=admin)
        assert problem(decided) == (403, "forbidden")
