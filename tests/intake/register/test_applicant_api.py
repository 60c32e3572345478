import asyncio
import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI, Request

from intake.handlers import HANDLERS
from intake.notifications.models import Notification
from intake.register import schemas
from intake.register.models import Appeal, Message, Timeline, Tracking
from shared.contracts import (
    AnswerGiven,
    AppealRouted,
    ApplicantAsked,
    CaseClosed,
    CaseForwarded,
    CaseReturned,
    CaseTerminated,
    CompletionAsked,
    DangerPassedOn,
    DangerReported,
)
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, Received
from shared.messaging.tables import outbox
from tests.keys import key_named

CALLS = ("messages", "attachments", "verification", "contact-confirmation", "withdrawal", "confirmation", "feedback", "reopening")
WORDS = "Тағы бір сөз: дәрігер әлі қабылдаған жоқ"


class Case:
    """An appeal as its applicant uses it."""

    def __init__(self, desk, receipt):
        self.desk, self.id, self.number, self.pin = desk, UUID(receipt["appeal_id"]), receipt["number"], receipt["pin"]

    async def do(self, call, body, *, key=None, pin=None, headers=None):
        sent = headers if headers is not None else {"Appeal-Pin": pin or self.pin}
        if key:
            sent = sent | {"Idempotency-Key": key_named(key)}
        return await self.desk.client.post(f"/intake/v1/appeals/{self.number}/{call}", json=body, headers=sent)

    async def seen(self):
        return (await self.desk.track(self.number, self.pin)).json()

    async def consume(self, *events):
        for one in events:
            self.desk.clock.advance(timedelta(seconds=1))
            envelope = Envelope(uuid4(), one.TYPE, self.desk.clock.now(), str(self.id), uuid4(), None, None, b"")
            async with self.desk.parts.units.write() as work:
                await HANDLERS[type(one)](work, Batch([Received(one, envelope, ("", 0, 0))], {}))

    async def routed(self, kind="COMPLAINT", tier=2):
        fixed = {"category": None, "topic": None, "urgency": "NORMAL", "queue": f"KZ-43/{tier}/kk", "region": "KZ-43", "language": "kk"}
        event = AppealRouted(
            appeal_id=self.id, kind=kind, statutory_form="ZAYAVLENIE", tier=tier, decision="auto", confidence=0.9, versions={}, **fixed
        )
        await self.consume(event)

    async def answered(self, kind="COMPLAINT", tier=2):
        await self.routed(kind, tier)
        answer_id = uuid4()
        await self.consume(AnswerGiven(appeal_id=self.id, answer_id=answer_id, language="kk", findings=["JUSTIFIED"], actor_role="expert"))
        return answer_id

    async def code(self, **said):
        assert (await self.do("verification", said)).status_code == 201
        latest = max(await self.desk.rows(Notification), key=lambda row: str(row.id) if row.secret else "")
        return self.desk.parts.sealer.open("notice", latest.id, "secret", latest.secret).decode()

    async def withdraw(self, reason="SOLVED", code=None, **more):
        said = {"statement": WORDS, "reason": reason, "code": code or await self.code(purpose="withdrawal")}
        return await self.do("withdrawal", said, **more)


async def filed(desk, headers=None, **changes):
    return Case(desk, (await desk.file(headers, **changes)).json())


async def emitted(desk, fact):
    async with desk.parts.database.read() as session:
        rows = (await session.execute(outbox.select())).all()
    return [row for row in rows if f".{fact}." in row.type]


def problem(answer):
    return answer.status_code, answer.json()["code"]


def stand_in_routing(desk):
    app = FastAPI()

    @app.post("/routing/internal/v1/contents")
    async def contents(request: Request):
        ids = (await request.json())["ids"]
        return {"items": [{"id": one, "found": True, "content": {"language": "kk", "text": "Қай күні бардыңыз?"}} for one in ids]}

    desk.foundation.local_apps["routing"] = app


class TestDoor:
    @pytest.mark.parametrize("call", CALLS)
    async def test_nobody_but_the_applicant_comes_in_and_all_refusals_are_alike(self, desk, call):
        case = await filed(desk, desk.token("partner", subject="p"), channel="HEALTH_DEPT")
        wrong = {"Appeal-Pin": "00000000"}
        refused = [
            await case.do(call, {}, headers=wrong),
            await case.do(call, {}, headers=desk.token("partner", subject="p")),
            await case.do(call, {}, headers=desk.token("partner", subject="p") | {"Appeal-Pin": case.pin}),
            await case.do(call, {}, headers=desk.token("head", region="KZ-43")),
            await case.do(call, {}, headers=desk.token("applicant", subject="another")),
        ]
        assert {problem(one) for one in refused} == {(404, "not-found")}
        assert len({one.content for one in refused}) == 1

    async def test_the_token_it_was_filed_with_as_ones_own_opens_it(self, desk):
        token = desk.token("applicant", subject="a")
        case = await filed(desk, token)
        assert (await case.do("messages", {"text": WORDS}, headers=token)).status_code == 201


class TestMessages:
    async def test_what_was_asked_is_answered_and_both_are_shown(self, desk):
        case = await filed(desk)
        await case.routed()
        stand_in_routing(desk)
        question = uuid4()
        due = desk.clock.now() + timedelta(days=3)
        await case.consume(ApplicantAsked(appeal_id=case.id, question_id=question, due_at=due, actor_role="specialist"))
        seen = await case.seen()
        assert (seen["status"], seen["open_question"]) == ("AWAITING_APPLICANT", str(question))
        desk.clock.advance(timedelta(hours=1))
        told = (await case.do("messages", {"text": WORDS})).json()
        assert told["status"] == "IN_REVIEW"
        seen = await case.seen()
        assert [(one["by"], one["text"]) for one in seen["messages"]] == [("FUND", "Қай күні бардыңыз?"), ("APPLICANT", WORDS)]
        assert seen["open_question"] is None
        assert [one["type"] for one in seen["timeline"]][-2:] == ["applicant-asked", "message-added"]
        (event,) = await emitted(desk, "message-added")
        assert WORDS.encode() not in event.value

    async def test_completing_brings_it_back_into_review(self, desk):
        case = await filed(desk)
        await case.routed()
        due = desk.clock.now() + timedelta(days=3)
        await case.consume(
            CompletionAsked(appeal_id=case.id, question_id=uuid4(), missing=["ADDRESS"], due_at=due, actor_role="specialist")
        )
        assert (await case.seen())["status"] == "NEEDS_FIX"
        assert (await case.do("messages", {"text": WORDS})).json()["status"] == "IN_REVIEW"

    async def test_under_the_same_key_it_is_said_once(self, desk):
        case = await filed(desk)
        first, again = await asyncio.gather(*(case.do("messages", {"text": WORDS}, key="k") for _ in range(2)))
        assert first.json() == again.json()
        assert [one.headers.get("Idempotency-Replayed") for one in (first, again)].count("true") == 1
        assert len(await desk.rows(Message)) == 1
        other = await case.do("messages", {"text": "Басқа"}, key="k")
        assert problem(other) == (422, "idempotency-key-reused")

    async def test_a_finished_appeal_takes_none(self, desk):
        case = await filed(desk)
        await case.consume(CaseClosed(appeal_id=case.id, outcome="NOTED", actor_role="head"))
        assert problem(await case.do("messages", {"text": WORDS})) == (409, "appeal-finished")

    async def test_an_hour_takes_so_many(self, desk):
        case = await filed(desk)
        answers = [(await case.do("messages", {"text": WORDS})).status_code for _ in range(21)]
        assert answers == [201] * 20 + [429]

    async def test_staff_read_the_words_at_the_desk_alone(self, desk):
        case = await filed(desk, contested_act="Бұйрық № 1", patient={"full_name": "Сынақ Науқас"}, authority="anasy")
        await case.do("messages", {"text": WORDS})
        seen = (await desk.track(case.number, headers=desk.token("head", region="KZ-43"))).json()
        assert (seen["messages"][0]["text"], seen["actions"]) == (None, [])
        for purpose, particular in (("desk", "particulars"), ("desk-text", "contested_act")):
            asked = {"ids": [str(case.id)], "purpose": purpose, "on_behalf_of": "s"}
            told = await desk.client.post("/intake/internal/v1/contents", json=asked, headers=desk.token("service", subject="routing"))
            content = told.json()["items"][0]["content"]
            assert content["messages"][0]["text"] == WORDS
            assert "Бұйрық № 1" in str(content[particular])
            assert "provider_name" in content
            assert ("Науқас" in str(content)) == (purpose == "desk")


class TestWhatIsPossible:
    """What is named is not refused, and what is not named is."""

    async def test_an_open_appeal(self, desk):
        case = await filed(desk)
        assert (await case.seen())["actions"] == ["messages", "attachments", "contact-confirmation", "withdrawal"]
        await case.do("contact-confirmation", {"code": await case.code()})
        assert (await case.seen())["actions"] == ["messages", "attachments", "withdrawal"]

    async def test_without_a_contact_no_code_can_be_sent(self, desk):
        case = await filed(desk, applicant={})
        assert (await case.seen())["actions"] == ["messages", "attachments"]

    async def test_a_withdrawal_that_waits_is_not_asked_for_again(self, desk):
        case = await filed(desk)
        await case.routed()
        await case.withdraw()
        assert (await case.seen())["actions"] == ["messages", "attachments"]

    async def test_an_answer_is_spoken_of_once_and_goes_on_in_one_appeal(self, desk):
        case = await filed(desk)
        await case.answered()
        assert {"confirmation", "feedback", "reopening"} <= set((await case.seen())["actions"])
        new = Case(desk, (await case.do("reopening", {"reason": WORDS})).json()["followed_by"])
        assert {"confirmation", "reopening"}.isdisjoint((await case.seen())["actions"])
        await new.consume(CaseClosed(appeal_id=new.id, outcome="UNJUSTIFIED", actor_role="head"))
        assert "reopening" in (await case.seen())["actions"]

    async def test_a_consultation_that_settled_it_is_over(self, desk):
        case = await filed(desk)
        await case.answered("CONSULTATION", 1)
        assert "reopening" in (await case.seen())["actions"]
        await case.do("confirmation", {"outcome": "RESOLVED"})
        assert "reopening" not in (await case.seen())["actions"]
        assert problem(await case.do("reopening", {"reason": WORDS})) == (409, "outcome-already-given")


class TestConfirmation:
    async def test_a_settled_appeal_is_confirmed_once(self, desk):
        case = await filed(desk)
        assert problem(await case.do("confirmation", {"outcome": "RESOLVED"})) == (409, "not-answered")
        await case.answered()
        assert (await case.do("confirmation", {"outcome": "RESOLVED"})).json()["outcome"] == "RESOLVED"
        assert (await case.seen())["verdict"] == "RESOLVED"
        assert problem(await case.do("confirmation", {"outcome": "NOT_RESOLVED"})) == (409, "outcome-already-given")
        assert len(await emitted(desk, "outcome-confirmed")) == 1

    async def test_a_denied_consultation_goes_on_and_its_next_answer_is_asked_of_again(self, desk):
        case = await filed(desk)
        await case.answered("CONSULTATION", 1)
        told = (await case.do("confirmation", {"outcome": "NOT_RESOLVED", "reason": WORDS})).json()
        assert (told["status"], told["followed_by"]) == ("IN_REVIEW", None)
        await case.answered("CONSULTATION", 2)
        assert "confirmation" in (await case.seen())["actions"]

    async def test_anything_else_becomes_a_new_appeal_of_the_same_applicant_a_tier_up(self, desk):
        token = desk.token("applicant", subject="a")
        case = await filed(desk, token, patient={"full_name": "Сынақ Науқас"}, authority="anasy", answer_by="SMS")
        answer_id = await case.answered()
        told = (await case.do("confirmation", {"outcome": "NOT_RESOLVED", "reason": WORDS}, key="k")).json()
        new = Case(desk, told["followed_by"])
        rows = {row.id: row for row in await desk.rows(Appeal)}
        old, row = rows[case.id], rows[new.id]
        assert (row.follows, row.channel, row.kind, row.owner, row.answer_by) == (case.id, "WEB", "COMPLAINT", old.owner, "SMS")
        opened = desk.parts.sealer
        assert opened.open("appeal", row.id, "applicant", row.applicant) == opened.open("appeal", old.id, "applicant", old.applicant)
        assert opened.open("appeal", row.id, "text", row.text).decode() == WORDS
        (denied,) = await emitted(desk, "outcome-denied")
        assert str(new.id).encode() in denied.value
        assert str(answer_id).encode() in denied.value
        event = next(one for one in await emitted(desk, "appeal-registered") if str(new.id) == one.key)
        assert b'"lowest_tier":3' in event.value
        assert (await case.seen())["followed_by"] == new.number
        assert (await new.seen())["status"] == "REGISTERED"
        again = await case.do("confirmation", {"outcome": "NOT_RESOLVED", "reason": WORDS}, key="k")
        assert again.json()["followed_by"] == told["followed_by"]
        assert again.headers["Idempotency-Replayed"] == "true"

    async def test_a_hundred_taps_make_one_new_appeal(self, desk):
        case = await filed(desk)
        await case.answered()
        answers = await asyncio.gather(*(case.do("confirmation", {"outcome": "NOT_RESOLVED"}) for _ in range(10)))
        assert sorted(one.status_code for one in answers) == [201] + [409] * 9
        assert len(await desk.rows(Appeal)) == 2
        assert len(await emitted(desk, "outcome-denied")) == 1


class TestFeedback:
    async def test_the_latest_holds(self, desk):
        case = await filed(desk)
        assert problem(await case.do("feedback", {"score": 5})) == (409, "not-answered")
        await case.answered()
        await case.do("feedback", {"score": 2})
        assert (await case.do("feedback", {"score": 5, "comment": "Рахмет"})).json()["score"] == 5
        assert (await case.do("feedback", {"score": 5})).status_code == 201
        assert (await case.seen())["score"] == 5
        assert len(await emitted(desk, "appeal-rated")) == 2

    @pytest.mark.parametrize("score", [0, 6, "5", 4.5])
    async def test_a_score_is_one_to_five(self, desk, score):
        case = await filed(desk)
        assert (await case.do("feedback", {"score": score})).status_code == 422


class TestReopening:
    @pytest.mark.parametrize(
        "ending",
        [
            lambda one: CaseClosed(appeal_id=one, outcome="UNJUSTIFIED", actor_role="head"),
            lambda one: CaseReturned(appeal_id=one, ground="NOT_COMPLETED", actor_role="head"),
            lambda one: CaseTerminated(appeal_id=one, ground="ANONYMOUS", actor_role="head"),
        ],
    )
    async def test_what_is_over_goes_on_in_one_new_appeal_at_a_time(self, desk, ending):
        case = await filed(desk)
        assert problem(await case.do("reopening", {"reason": WORDS})) == (409, "not-reopenable")
        await case.routed()
        await case.consume(ending(case.id))
        answers = await asyncio.gather(*(case.do("reopening", {"reason": WORDS}) for _ in range(4)))
        assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
        new = Case(desk, next(one for one in answers if one.status_code == 201).json()["followed_by"])
        assert problem(await case.do("reopening", {"reason": WORDS})) == (409, "already-reopened")
        await new.consume(CaseClosed(appeal_id=new.id, outcome="UNJUSTIFIED", actor_role="head"))
        assert (await case.do("reopening", {"reason": WORDS})).status_code == 201

    async def test_an_answered_one_is_denied_by_it(self, desk):
        case = await filed(desk)
        await case.answered()
        assert (await case.do("reopening", {"reason": WORDS})).json()["followed_by"]
        assert len(await emitted(desk, "outcome-denied")) == 1

    async def test_an_answered_consultation_continues_in_its_case_and_a_repeat_gets_the_same_response(self, desk):
        case = await filed(desk)
        await case.answered("CONSULTATION", 1)
        first = await case.do("reopening", {"reason": WORDS}, key="k")
        again = await case.do("reopening", {"reason": WORDS}, key="k")
        assert first.json() == again.json()
        assert (first.json()["status"], first.json()["followed_by"]) == ("IN_REVIEW", None)

    async def test_what_was_passed_on_is_not_reopened_here(self, desk):
        case = await filed(desk)
        await case.consume(CaseForwarded(appeal_id=case.id, body="POLICE", actor_role="head"))
        assert problem(await case.do("reopening", {"reason": WORDS})) == (409, "not-reopenable")
        assert (await case.seen())["outcome"] == "FORWARDED"


class TestDanger:
    async def test_the_citizen_reads_that_it_was_passed_on_only_once_somebody_has_done_so(self, desk):
        case, told = await filed(desk), []
        await case.consume(DangerReported(appeal_id=case.id, ground="CRIME", body="POLICE", due_at=desk.clock.now()))
        told.append((await case.seen())["timeline"][-1]["ru"])
        await case.consume(DangerPassedOn(appeal_id=case.id, body="POLICE", actor_role="specialist"))
        seen = await case.seen()
        told.append(seen["timeline"][-1]["ru"])
        assert (seen["timeline"][-1]["type"], seen["status"]) == ("danger-passed-on", "REGISTERED")
        assert ["передано" in one for one in told] == [False, True]


class TestPrivacy:
    async def test_no_word_of_it_stands_in_the_database(self, desk):
        case = await filed(desk)
        await case.routed("CONSULTATION", 1)
        await case.do("messages", {"text": WORDS})
        await case.withdraw()
        stored = await desk.engine.stored(desk.parts.database)
        assert WORDS.encode() not in stored

    def test_requests_refuse_unknown_fields(self):
        for model in (schemas.MessageIn, schemas.WithdrawalIn, schemas.ConfirmationIn, schemas.FeedbackIn, schemas.CallBackIn):
            assert model.model_config["extra"] == "forbid"


class TestProjection:
    async def test_own_facts_move_tracking_and_timeline_together(self, desk):
        case = await filed(desk)
        await case.answered("CONSULTATION", 1)
        await case.do("confirmation", {"outcome": "RESOLVED"})
        (tracking,) = await desk.rows(Tracking)
        (event,) = await emitted(desk, "outcome-confirmed")
        assert tracking.version == 4
        assert event.event_id in {row.event_id for row in await desk.rows(Timeline)}

    @pytest.mark.parametrize("phone", ["8 701 000 00 00", None])
    async def test_a_confirmation_and_a_withdrawal_have_the_codes_of_their_appeal(self, desk, phone):
        applicant = {"full_name": "Сынақ Азамат", "email": "synaq@mail.example"} | ({"phone": phone} if phone else {})
        case, other = await filed(desk, applicant=applicant), await filed(desk, applicant=applicant)
        await case.answered("CONSULTATION", 1)
        await case.do("confirmation", {"outcome": "RESOLVED"})
        await other.routed("CONSULTATION", 1)
        await other.withdraw()
        for withdrawn_or_confirmed, appeal in (("outcome-confirmed", case), ("appeal-withdrawn", other)):
            [event] = await emitted(desk, withdrawn_or_confirmed)
            codes = json.loads(event.value)
            assert (codes["number"], codes["region"], codes["tier"], codes["kind"]) == (appeal.number, "KZ-43", 1, "CONSULTATION")
            assert (codes["received_at"], codes["reachable"]) == ("2026-02-02T09:15:00Z", phone is not None)
            assert "Сынақ" not in json.dumps(codes, ensure_ascii=False)
