import asyncio
import json
import signal
import sys
from datetime import timedelta

import pytest
from sqlalchemy import update

from routing.cases.models import AnswerDraft
from routing.cases.schemas.commands import GiveAnswer
from routing.cases.service import has_answers_to_send, send_next
from shared.contracts import AppealWithdrawn, InquiryAnswered, MessageAdded
from tests.patience import PATIENCE
from tests.routing.support import NOW, QUESTION, about, sent
from tests.stored_protection import BROKEN

ANSWER = {"language": "ru", "text": "Проверьте по ИИН.", "findings": [], "next_steps": None, "how_to_complain": None}
HELD = ANSWER | {"hold_seconds": 30}
WAIT = timedelta(seconds=30)


@pytest.fixture
def clerk(desk):
    return desk.token("specialist", region="KZ-43", subject="clerk-1")


@pytest.fixture
async def question(desk):
    return await desk.open(text=QUESTION, kind="CONSULTATION")


async def send_due(desk) -> int:
    """Run the job once, as the service does. Return how many answers it sent."""
    done = 0
    async with desk.parts.units.read() as work:
        has_due = await has_answers_to_send(work)
    while has_due:
        async with desk.parts.units.write() as work:
            has_due = await send_next(work)
        done += has_due
    return done


async def facts(desk):
    return [(fact, json.loads(value)) for fact, value in await desk.emitted() if fact != "appeal-routed"]


class TestAnAnswerThatWaits:
    async def test_the_case_is_being_sent_and_nothing_is_published_before_the_end(self, desk, clerk, question):
        held = (await desk.carry_out(question, "answer", clerk, **HELD)).json()
        assert (held["status"], held["sends_at"], held["answer"]) == ("SENDING", "2026-02-02T09:15:30Z", None)
        assert [clock["state"] for clock in held["clocks"]] == ["RUNNING"] * len(held["clocks"])
        desk.clock.advance(WAIT - timedelta(milliseconds=1))
        assert await send_due(desk) == 0
        assert await facts(desk) == []
        desk.clock.advance(timedelta(milliseconds=1))
        assert await send_due(desk) == 1
        [(fact, event)] = await facts(desk)
        assert (fact, event["actor_role"]) == ("answer-given", "specialist")
        case = await desk.case(question, clerk)
        assert (case["status"], case["sends_at"], case["answer"]["text"], case["version"]) == ("ANSWERED", None, ANSWER["text"], 3)
        assert [entry["type"] for entry in case["history"]][-2:] == ["answer-held", "answer-given"]
        assert await send_due(desk) == 0

    async def test_without_a_wait_it_is_sent_at_once(self, desk, clerk, question):
        assert (await desk.carry_out(question, "answer", clerk, **ANSWER)).json()["status"] == "ANSWERED"

    @pytest.mark.parametrize("seconds", [-1, 61, 1.5, "30"])
    async def test_another_wait_is_refused(self, desk, clerk, question, seconds):
        assert (await desk.carry_out(question, "answer", clerk, **ANSWER, hold_seconds=seconds)).status_code == 422

    async def test_its_author_alone_may_act_and_only_take_it_back(self, desk, clerk, question):
        held = (await desk.carry_out(question, "answer", clerk, **HELD)).json()
        assert [action["action"] for action in held["next_actions"]] == ["undo"]
        head = desk.token("head", region="KZ-43", subject="clerk-2")
        assert (await desk.case(question, head))["next_actions"] == []
        for action in ("undo", "claim"):
            assert (await desk.carry_out(question, action, head)).json()["code"] == "action-not-possible"

    async def test_taken_back_it_is_a_draft_again_and_is_never_sent(self, desk, clerk, question):
        await desk.apply(sent(question))
        await desk.carry_out(question, "answer", clerk, **HELD)
        back = (await desk.carry_out(question, "undo", clerk)).json()
        assert (back["status"], back["sends_at"]) == ("AWAITING_PROVIDER", None)
        desk.clock.advance(WAIT)
        assert await send_due(desk) == 0
        assert await facts(desk) == []
        draft = (await desk.client.get(f"/routing/v1/cases/{question}/draft", headers=clerk)).json()
        assert (draft["text"], draft["language"]) == (ANSWER["text"], "ru")
        assert (await desk.carry_out(question, "answer", clerk, **HELD)).json()["status"] == "SENDING"

    async def test_too_late_to_take_back_is_a_conflict(self, desk, clerk, question):
        await desk.carry_out(question, "answer", clerk, **HELD)
        desk.clock.advance(WAIT)
        await send_due(desk)
        assert (await desk.carry_out(question, "undo", clerk)).json()["code"] == "action-not-possible"

    async def test_while_it_waits_its_draft_does_not_change(self, desk, clerk, question):
        await desk.carry_out(question, "answer", clerk, **HELD)
        path = f"/routing/v1/cases/{question}/draft"
        saving = await desk.client.put(path, headers=clerk, json={"expected_draft_version": 1, "language": "ru", "text": "Иначе"})
        deleting = await desk.client.delete(path, headers=clerk)
        assert [saving.json()["code"], deleting.json()["code"]] == ["action-not-possible"] * 2
        desk.clock.advance(WAIT)
        await send_due(desk)
        assert (await desk.case(question, clerk))["answer"]["text"] == ANSWER["text"]
        assert (await desk.client.get(path, headers=clerk)).status_code == 404

    async def test_a_deadline_ends_the_wait_so_that_waiting_makes_no_answer_late(self, desk, clerk, question):
        due = (await desk.case(question, clerk))["next_due_at"]
        desk.clock.set(NOW.fromisoformat(due) - timedelta(seconds=10))
        held = (await desk.carry_out(question, "answer", clerk, **HELD)).json()
        assert held["sends_at"] == due
        desk.clock.advance(timedelta(seconds=10))
        await send_due(desk)
        assert {clock["state"] for clock in (await desk.case(question, clerk))["clocks"]} == {"MET"}

    async def test_an_incomplete_answer_is_refused_before_it_waits(self, desk, clerk):
        complaint = await desk.open()
        assert (await desk.carry_out(complaint, "answer", clerk, **HELD)).status_code == 422
        assert (await desk.case(complaint, clerk))["status"] == "IN_REVIEW"

    async def test_lists_find_it_under_its_status_alone(self, desk, clerk, question):
        await desk.open(text=QUESTION, kind="CONSULTATION")
        await desk.carry_out(question, "answer", clerk, **HELD)
        found = {status: (await desk.get("/cases", clerk, status=status)).json() for status in ("SENDING", "IN_REVIEW", "ANSWERED")}
        assert {status: page["total"] for status, page in found.items()} == {"SENDING": 1, "IN_REVIEW": 1, "ANSWERED": 0}
        assert found["SENDING"]["items"][0]["appeal_id"] == str(question)


class TestAnswerAndClose:
    async def test_both_facts_follow_each_other_at_the_end(self, desk, clerk, question):
        held = await desk.carry_out(question, "answer-and-close", clerk, **HELD, outcome="EXPLAINED")
        assert (held.json()["status"], held.json()["outcome"]) == ("SENDING", None)
        desk.clock.advance(WAIT)
        await send_due(desk)
        assert [fact for fact, _ in await facts(desk)] == ["answer-given", "case-closed"]
        case = await desk.case(question, clerk)
        assert (case["status"], case["outcome"], case["closed_at"]) == ("CLOSED", "EXPLAINED", "2026-02-02T09:15:30Z")

    async def test_without_a_wait_it_closes_at_once(self, desk, clerk, question):
        done = (await desk.carry_out(question, "answer-and-close", clerk, **ANSWER, outcome="EXPLAINED")).json()
        assert (done["status"], done["outcome"]) == ("CLOSED", "EXPLAINED")

    async def test_an_outcome_is_needed(self, desk, clerk, question):
        refused = await desk.carry_out(question, "answer-and-close", clerk, **HELD)
        assert [error["field"] for error in refused.json()["errors"]] == ["outcome"]

    async def test_no_case_ends_while_its_danger_is_known_at_the_desk_alone(self, desk):
        crime = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="EXTORTION")
        offered = [action["action"] for action in (await desk.case(crime, desk.token("expert")))["next_actions"]]
        assert ("answer" in offered, "answer-and-close" in offered) == (True, False)


class TestWhatHappensMeanwhile:
    async def test_a_withdrawal_ends_the_wait_and_the_answer_stays_a_draft(self, desk, clerk, question):
        await desk.carry_out(question, "answer", clerk, **HELD)
        await desk.apply(AppealWithdrawn(appeal_id=question, reason="SOLVED"))
        desk.clock.advance(WAIT)
        assert await send_due(desk) == 0
        case = await desk.case(question, clerk)
        assert (case["status"], case["answer"], case["sends_at"]) == ("WITHDRAWN", None, None)
        assert (await desk.client.get(f"/routing/v1/cases/{question}/draft", headers=clerk)).json()["text"] == ANSWER["text"]

    async def test_the_provider_s_answer_and_a_message_are_noted_and_the_answer_is_sent(self, desk, clerk, question):
        await desk.apply(sent(question))
        await desk.carry_out(question, "answer", clerk, **HELD)
        await desk.apply(about(InquiryAnswered, question, response_id=question, code="RESOLVED"))
        await desk.apply(MessageAdded(appeal_id=question, message_id=question, attachments=0))
        assert (await desk.case(question, clerk))["status"] == "SENDING"
        desk.clock.advance(WAIT)
        await send_due(desk)
        case = await desk.case(question, clerk)
        assert (case["status"], case["has_news"]) == ("ANSWERED", True)

    async def test_taken_back_the_case_is_where_the_other_services_see_it(self, desk, clerk, question):
        await desk.apply(sent(question))
        await desk.carry_out(question, "answer", clerk, **HELD)
        await desk.apply(about(InquiryAnswered, question, response_id=question, code="RESOLVED"))
        assert (await desk.carry_out(question, "undo", clerk)).json()["status"] == "IN_REVIEW"


class TestTheJob:
    async def test_two_processes_send_every_answer_once(self, desk, clerk):
        questions = [await desk.open(text=QUESTION, kind="CONSULTATION") for _ in range(5)]
        for question in questions:
            await desk.carry_out(question, "answer", clerk, **HELD)
        desk.clock.advance(WAIT)
        assert sum(await asyncio.gather(send_due(desk), send_due(desk))) == len(questions)
        assert sorted(event["appeal_id"] for _, event in await facts(desk)) == sorted(map(str, questions))

    @pytest.mark.parametrize(("moment", "left"), [("before", 1), ("after", 0)])
    async def test_a_process_that_is_killed_sends_it_or_leaves_it_to_the_next(self, desk, clerk, question, moment, left):
        await desk.carry_out(question, "answer", clerk, **HELD)
        desk.clock.advance(WAIT)
        settings = json.dumps({"data": str(desk.parts.settings.data), **desk.engine.settings}, default=str)
        command = [sys.executable, "-m", "tests.routing.sending", settings, desk.clock.now().isoformat(), moment]
        process = await asyncio.create_subprocess_exec(*command)
        assert await process.wait() == -signal.SIGKILL
        assert len(await facts(desk)) == 1 - left
        async with asyncio.timeout(PATIENCE):
            while (done := await send_due(desk)) < left:  # the database may not have noticed yet that its client is gone
                await asyncio.sleep(0.01)
        assert done == left
        assert [fact for fact, _ in await facts(desk)] == ["answer-given"]
        assert (await desk.case(question, clerk))["status"] == "ANSWERED"

    async def test_an_answer_that_cannot_be_read_does_not_stop_those_behind_it(self, desk, clerk, question):
        other = await desk.open(text=QUESTION, kind="CONSULTATION")
        for appeal_id in (question, other):
            await desk.carry_out(appeal_id, "answer", clerk, **HELD)
        async with desk.parts.database.write() as session:
            await session.execute(update(AnswerDraft).where(AnswerDraft.appeal_id == question).values(content=BROKEN))
        desk.clock.advance(WAIT)
        await send_due(desk)
        assert [(await desk.case(appeal_id, clerk))["status"] for appeal_id in (question, other)] == ["IN_REVIEW", "ANSWERED"]

    def test_an_answer_is_sent_at_once_unless_a_client_asks_for_a_wait(self):
        assert GiveAnswer.model_fields["hold_seconds"].default == 0
