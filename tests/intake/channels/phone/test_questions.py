"""Calls to applicants whom no message reached."""

import pytest

from intake.assembly import delivery_methods
from intake.notifications.service.dispatch import Dispatcher
from intake.register.models import ContentRead
from intake.register.repository.recipients import confirm_contact
from intake.register.service.offers import note_unclear
from tests.intake.offers import TEXT, list_provider, offered, stand_in_provider_contact
from tests.intake.register.pages.test_withdrawals import cookie as signed_in

LIST = "/intake/questions?lang=ru"


async def listed(desk, role="operator", **claims):
    return (await desk.client.get(LIST, headers=signed_in(desk, role, **claims))).text


async def record(desk, offer_id, role="operator", claims=None, **fields):
    headers = signed_in(desk, role, **(claims or {}))
    return await desk.client.post(f"/intake/questions/{offer_id}?lang=ru", data=fields, headers=headers)


class TestList:
    async def test_whom_a_message_reaches_is_not_called(self, desk):
        unreached = await offered(desk)
        await unreached.proposed()
        await let_notices_fail(desk)
        reached = await offered(desk, answer_by="SMS")
        async with desk.parts.database.write() as session:
            await confirm_contact(session, reached.id, ("phone",), desk.clock.now())
        await reached.proposed()
        page = await listed(desk)
        assert unreached.number in page
        assert reached.number not in page

    async def test_without_a_phone_number_nobody_can_be_called(self, desk):
        case = await offered(desk, applicant={"full_name": "Сынақ Азамат", "email": "synaq@mail.example"})
        await case.proposed()
        await let_notices_fail(desk)
        assert case.number not in await listed(desk)

    async def test_a_specialist_sees_her_region_and_others_none(self, desk):
        case = await offered(desk)
        await case.proposed()
        await let_notices_fail(desk)
        assert case.number in await listed(desk, "specialist", region="KZ-43")
        assert case.number not in await listed(desk, "specialist", region="KZ-47")
        for role in ("provider", "analyst", "admin", "expert"):
            assert (await desk.client.get(LIST, headers=signed_in(desk, role))).status_code == 403

    async def test_an_unclear_reply_by_sms_brings_the_question_to_the_list_and_says_so(self, desk):
        case = await offered(desk, answer_by="SMS")
        async with desk.parts.database.write() as session:
            await confirm_contact(session, case.id, ("phone",), desk.clock.now())
        offer_id = await case.proposed()
        assert case.number not in await listed(desk)
        async with desk.parts.units.write() as work:
            await note_unclear(work, offer_id)
        page = await listed(desk)
        assert (case.number in page, "неясный ответ по SMS" in page) == (True, True)
        assert (await record(desk, offer_id, result="yes", sure="yes")).status_code == 303
        assert case.number not in await listed(desk)

    async def test_an_answered_question_leaves_the_list(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        await let_notices_fail(desk)
        await case.confirm(proposal_id)
        assert case.number not in await listed(desk)


class TestCall:
    async def test_the_page_has_the_number_to_call_and_the_access_is_recorded(self, desk):
        asked = stand_in_provider_contact(desk)
        case = await offered(desk)
        proposal_id = await case.proposed()
        page = await desk.client.get(f"/intake/questions/{proposal_id}?lang=ru", headers=signed_in(desk, "operator", subject="op"))
        assert page.status_code == 200
        assert "+77010000000" in page.text.replace(" ", "")
        assert TEXT in page.text
        assert [(each["purpose"], each["on_behalf_of"]) for each in asked] == [("proposal", "op")]
        [read] = [row for row in await desk.rows(ContentRead) if row.purpose == "question-call"]
        assert (read.reader, read.appeal_id, read.role) == ("op", case.id, "operator")

    async def test_the_caller_names_who_gets_what(self, desk):
        await list_provider(desk)
        case = await offered(desk)
        request_id = await case.consent_requested()
        page = await desk.client.get(f"/intake/questions/{request_id}?lang=kk", headers=signed_in(desk, "operator", subject="op"))
        assert "№7 сынақ емханасы" in page.text
        assert "аты-жөніңізді, ЖСН-іңізді, туған күніңізді" in page.text

    @pytest.mark.parametrize(("result", "confirmed"), [("yes", True), ("no", False)])
    async def test_the_operator_records_what_the_applicant_answers(self, desk, result, confirmed):
        case = await offered(desk)
        proposal_id = await case.proposed()
        done = await record(desk, proposal_id, result=result, sure="yes")
        assert (done.status_code, done.headers["location"]) == (303, "/intake/questions?flash=question-answered")
        assert await case.published() == [(confirmed, "CALL")]
        again = await record(desk, proposal_id, result="no", sure="yes")
        assert again.headers["location"] == "/intake/questions?flash=question-settled"
        assert len(await case.published()) == 1

    async def test_without_the_tick_nothing_is_recorded_and_nothing_is_lost(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        page = await record(desk, proposal_id, result="no", comment="Ешкім қоңырау шалмады")
        assert (page.status_code, "Ешкім қоңырау шалмады" in page.text) == (422, True)
        assert (await record(desk, proposal_id, sure="yes")).status_code == 422
        assert await case.published() == []

    async def test_who_is_never_reached_leaves_the_list_and_counts_as_nothing(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        await let_notices_fail(desk)
        for _ in range(3):
            assert case.number in await listed(desk)
            await record(desk, proposal_id, result="unreached")
        assert case.number not in await listed(desk)
        assert await case.published() == []

    async def test_a_stranger_to_the_region_opens_and_records_nothing(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        elsewhere = {"region": "KZ-47"}
        page = await desk.client.get(f"/intake/questions/{proposal_id}", headers=signed_in(desk, "specialist", **elsewhere))
        assert page.status_code == 404
        for result in ("yes", "unreached"):
            assert (await record(desk, proposal_id, "specialist", elsewhere, result=result, sure="yes")).status_code == 404
        assert (await case.offer(proposal_id)).attempts == 0
        assert await case.published() == []


async def let_notices_fail(desk):
    """Send what is due on a machine whose applicants have confirmed no contact: nothing reaches them."""
    running = Dispatcher(desk.parts, delivery_methods(desk.parts, desk.parts.settings), "https://aryz.example", quiet_hours=False)
    while await running.run_once():
        pass
