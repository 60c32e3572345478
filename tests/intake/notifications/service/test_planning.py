from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event as engine_events

from intake.notifications.models import Notification
from intake.notifications.service.planning import FactOfAppeal, plan, send_code
from shared.contracts import AppealRated, AppealWithdrawn, TermExtended


class TestPlanning:
    async def test_an_answer_is_notified_once_however_often_its_event_is_handled(self, desk, case_of):
        case = await case_of(desk)
        answer = case.an_answer()
        await case.apply(answer)
        await case.apply(answer)
        (notification,) = await case.notifications()
        assert (notification.event_id, notification.recipient) == (answer.envelope.id, "APPLICANT")
        assert (notification.channel, notification.state) == ("ANY", "PLANNED")

    async def test_the_method_that_the_applicant_chose_is_used(self, desk, case_of):
        case = await case_of(desk, answer_by="EMAIL")
        await case.answered()
        assert [each.channel for each in await case.notifications()] == ["EMAIL"]

    async def test_nothing_is_planned_for_unreachable_applicants_and_those_notified_by_others(self, desk, case_of):
        anonymous = await case_of(desk, applicant={}, consents=[])
        by_partner = await case_of(desk, desk.token("partner"), channel="HEALTH_DEPT", answer_by="PARTNER")
        for case in (anonymous, by_partner):
            await case.answered()
            assert await case.notifications() == []

    async def test_the_applicant_is_notified_of_a_withdrawal_as_somebody_else_may_have_made_it(self, desk, case_of):
        case = await case_of(desk)
        await case.apply(case.received(AppealWithdrawn(appeal_id=case.appeal_id, reason="SOLVED")))
        await case.apply(case.received(AppealRated(appeal_id=case.appeal_id, score=5)))
        assert [each.fact for each in await case.notifications()] == ["appeal-withdrawn"]

    @pytest.mark.parametrize("method", ["SMS", "EMAIL", "LETTER", "CALL"])
    async def test_an_extension_is_notified_at_once_by_the_chosen_method(self, desk, case_of, method):
        reached = {"full_name": "Сынақ Азамат", "phone": "+77010000000", "email": "azamat@example.org", "address": "Сынақ көшесі, 1"}
        case = await case_of(desk, answer_by=method, applicant=reached)
        event = TermExtended(
            appeal_id=case.appeal_id, clock_id=uuid4(), policy="APPK_15WD", due_at=desk.clock.now() + timedelta(days=40), actor_role="head"
        )
        await case.apply(case.received(event))
        (notification,) = await case.notifications()
        assert (notification.fact, notification.channel, notification.due_at) == ("term-extended", method, desk.clock.now())

    async def test_a_rollback_of_the_handler_removes_the_planned_notification(self, desk, case_of):
        case = await case_of(desk)
        with pytest.raises(ZeroDivisionError):
            async with desk.parts.units.write() as work:
                await plan(work, [FactOfAppeal(uuid4(), case.appeal_id, "answer-given")])
                _ = 1 / 0
        assert await case.notifications() == []

    async def test_a_batch_costs_two_statements_and_none_if_nobody_is_notified(self, desk, case_of):
        cases = [await case_of(desk) for _ in range(5)]
        answers = [case.an_answer() for case in cases]
        facts = [FactOfAppeal(each.envelope.id, each.event.appeal_id, each.event.FACT) for each in answers]
        statements = []

        def note(_connection, _cursor, statement, _parameters, _context, _many):
            statements.append(statement)

        engine = desk.parts.database.engine.sync_engine
        async with desk.parts.units.write() as work:
            engine_events.listen(engine, "before_cursor_execute", note)
            await plan(work, [FactOfAppeal(uuid4(), cases[0].appeal_id, "tier-raised")])
            assert statements == []
            await plan(work, facts)
            engine_events.remove(engine, "before_cursor_execute", note)
        assert sum(not each.startswith("BEGIN") for each in statements) <= 2  # those sent to PostgreSQL's driver directly are not seen here
        assert len(await desk.rows(Notification)) == 5


class TestSendCode:
    async def test_the_address_and_the_code_are_sealed(self, desk, case_of):
        case = await case_of(desk)
        async with desk.parts.units.write() as work:
            await send_code(
                work,
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
        (notification,) = await case.notifications()
        assert (notification.channel, notification.fact, notification.language) == ("SMS", "code", "ru")
