from uuid import uuid4

import pytest
from sqlalchemy import event as engine_events

from intake.notifications.models import Notice
from intake.notifications.service.planning import Told, plan, send_code
from shared.contracts import AppealRated, AppealWithdrawn


class TestPlanning:
    async def test_an_answer_is_told_once_however_often_its_event_is_handled(self, desk, case_of):
        case = await case_of(desk)
        answer = case.an_answer()
        await case.apply(answer)
        await case.apply(answer)
        (notice,) = await case.notices()
        assert (notice.event_id, notice.recipient, notice.channel, notice.state) == (answer.envelope.id, "APPLICANT", "ANY", "PLANNED")

    async def test_the_way_that_the_applicant_chose_is_taken(self, desk, case_of):
        case = await case_of(desk, answer_by="EMAIL")
        await case.answered()
        assert [one.channel for one in await case.notices()] == ["EMAIL"]

    async def test_nothing_is_planned_where_nobody_can_be_told_or_others_tell(self, desk, case_of):
        anonymous = await case_of(desk, applicant={}, consents=[])
        by_partner = await case_of(desk, desk.token("partner"), channel="HEALTH_DEPT", answer_by="PARTNER")
        for case in (anonymous, by_partner):
            await case.answered()
            assert await case.notices() == []

    async def test_a_withdrawal_is_told_to_whoever_may_not_have_made_it(self, desk, case_of):
        case = await case_of(desk)
        await case.apply(case.received(AppealWithdrawn(appeal_id=case.appeal_id, reason="SOLVED")))
        await case.apply(case.received(AppealRated(appeal_id=case.appeal_id, score=5)))
        assert [one.fact for one in await case.notices()] == ["appeal-withdrawn"]

    async def test_what_the_handler_undoes_is_not_told(self, desk, case_of):
        case = await case_of(desk)
        with pytest.raises(ZeroDivisionError):
            async with desk.parts.database.write() as session:
                await plan(session, [Told(uuid4(), case.appeal_id, "answer-given")], desk.clock.now())
                _ = 1 / 0
        assert await case.notices() == []

    async def test_a_batch_costs_two_statements_and_one_that_tells_nothing_costs_none(self, desk, case_of):
        cases = [await case_of(desk) for _ in range(5)]
        answers = [case.an_answer() for case in cases]
        told = [Told(one.envelope.id, one.event.appeal_id, one.event.FACT) for one in answers]
        statements = []

        def note(_connection, _cursor, statement, _parameters, _context, _many):
            statements.append(statement)

        engine = desk.parts.database.engine.sync_engine
        async with desk.parts.database.write() as session:
            engine_events.listen(engine, "before_cursor_execute", note)
            await plan(session, [Told(uuid4(), cases[0].appeal_id, "tier-raised")], desk.clock.now())
            assert statements == []
            await plan(session, told, desk.clock.now())
            engine_events.remove(engine, "before_cursor_execute", note)
        assert sum(not one.startswith("BEGIN") for one in statements) <= 2  # what PostgreSQL's driver is told directly is not heard here
        assert len(await desk.rows(Notice)) == 5


class TestSendCode:
    async def test_the_address_and_the_code_are_sealed(self, desk, case_of):
        case = await case_of(desk)
        async with desk.parts.database.write() as session:
            await send_code(
                session,
                desk.parts,
                appeal_id=case.appeal_id,
                channel="SMS",
                address="+77010000001",
                code="483920",
                language="ru",
                purpose="contact-confirmation",
            )
        stored = await desk.engine.stored(desk.parts.database)
        assert b"77010000001" not in stored
        assert b"483920" not in stored
        (notice,) = await case.notices()
        assert (notice.channel, notice.fact, notice.language) == ("SMS", "code", "ru")
