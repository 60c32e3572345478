from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from provider_contact.inquiries.codes import AnswerMethod
from provider_contact.inquiries.models import ContentRead, Inquiry, InquiryEntry, ProviderResponse
from provider_contact.inquiries.schemas import commands
from provider_contact.inquiries.service import ActionHandler, Actions, AnswerSender, change_flags, set_flag
from shared import contracts
from tests.provider_contact.conftest import ANSWER, OTHER, PROVIDER, closed, sent_inquiry
from tests.provider_contact.inquiries.service.test_steps import Planned

PLAIN = {"language": "kk", "code": "EXPLANATION", "text": "Құпия жауап: пациент қабылданды."}
REFUSED = PLAIN | {"refusal": {"reason": "NO_CAPACITY", "rule": "Құпия негіз: бұйрықтың 5-тармағы"}}
SENDER = AnswerSender(AnswerMethod.EMAIL, "link-1")


class Exchange:
    """An inquiry, and what the provider and a clerk do with it."""

    def __init__(self, world, inquiry_id):
        self.world, self.inquiry_id, self.version = world, inquiry_id, 1
        self.provider = world.token("provider", provider_id=PROVIDER, subject="p")
        self.clerk = world.token("specialist", region="KZ-43", subject="s")

    async def call(self, who, action, **fields):
        path = f"/v1/inquiries/{self.inquiry_id}/actions/{action}"
        answer = await self.world.post(path, who, {"expected_version": self.version, **fields})
        if answer.is_success:
            self.version = answer.json()["version"]
        return answer

    async def provides(self, action, **fields):
        return await self.call(self.provider, action, **fields)

    async def decides(self, action, **fields):
        return await self.call(self.clerk, action, **fields)

    async def shown(self, who=None):
        return (await self.world.get(f"/v1/inquiries/{self.inquiry_id}", who or self.provider)).json()

    async def row(self):
        async with self.world.parts.database.read() as session:
            return (await session.execute(select(Inquiry).where(Inquiry.inquiry_id == self.inquiry_id))).scalar_one()

    async def receive(self, sent=SENDER, **content):
        async with self.world.parts.units.write() as work:
            return await self.world.app.state.actions.receive_answer(work, self.inquiry_id, commands.AnswerContent(**content), sent)


@pytest.fixture
async def exchange(world):
    return Exchange(world, await sent_inquiry(world))


def offered(item):
    return [action["action"] for action in item["next_actions"]]


class TestRounds:
    async def test_an_answer_is_returned_answered_again_and_accepted(self, exchange, world):
        await exchange.provides("respond", **PLAIN)
        returned = (await exchange.decides("return", reason="UNCLEAR", text="Құпия: қай күні?")).json()
        assert (returned["status"], returned["round"], returned["overdue"]) == ("RETURNED", 2, False)
        assert returned["due_at"] == "2026-02-10T18:59:59Z"
        event = (await world.emitted(contracts.InquiryReturned))[0]
        assert (event.reason, event.round, event.actor_role) == ("UNCLEAR", 2, "specialist")
        assert (await exchange.provides("acknowledge")).json()["status"] == "ACKNOWLEDGED"
        await exchange.provides("respond", **PLAIN)
        assert [answered.round for answered in await world.emitted(contracts.InquiryAnswered)] == [1, 2]
        assert (await exchange.decides("accept")).json()["status"] == "ACCEPTED"
        accepted = (await world.emitted(contracts.InquiryAccepted))[0]
        second = next(row for row in await world.rows(ProviderResponse) if row.round == 2)
        assert (accepted.response_id, accepted.refusal_lawful) == (second.response_id, None)
        assert [entry["type"] for entry in (await exchange.shown())["history"]] == ["return", "accept"]
        assert "Құпия" not in await world.every_column()

    async def test_an_accepted_answer_may_be_returned_after_all(self, exchange):
        await exchange.provides("respond", **PLAIN)
        await exchange.decides("accept")
        assert (await exchange.decides("return", reason="NEW_FACTS", text="Жаңа мәлімет")).json()["status"] == "RETURNED"

    async def test_a_second_round_is_overdue_of_its_own(self, exchange):
        await exchange.provides("respond", **PLAIN)
        await exchange.decides("return", reason="UNCLEAR", text="?")
        row = await exchange.row()
        assert (row.settled, row.last_step) == (False, None)
        assert row.next_step_at < row.due_at


class TestRefusals:
    async def test_a_refusal_is_recorded_with_reason_rule_and_finding(self, exchange, world):
        await exchange.provides("respond", **REFUSED)
        assert (await world.emitted(contracts.InquiryAnswered))[0].refusal_reason == "NO_CAPACITY"
        await exchange.decides("accept", refusal_lawful=False)
        event = (await world.emitted(contracts.InquiryAccepted))[0]
        assert (event.refusal_reason, event.refusal_lawful) == ("NO_CAPACITY", False)
        (response,) = (await exchange.shown(exchange.clerk))["responses"]
        assert response["refusal"] == {"reason": "NO_CAPACITY", "rule": REFUSED["refusal"]["rule"], "lawful": False}
        assert "Құпия" not in await world.every_column()

    async def test_the_register_lists_it_with_a_plain_answer_for_the_citizen(self, exchange, world):
        await exchange.provides("respond", **REFUSED)
        (open_one,) = (await world.get("/v1/refusals", exchange.clerk)).json()["items"]
        assert (open_one["reason"], open_one["rule"], open_one["lawful"], open_one["answer"]) == (
            "NO_CAPACITY", REFUSED["refusal"]["rule"], None, None,
        )  # fmt: skip
        await exchange.decides("accept", refusal_lawful=True)
        (found,) = (await world.get("/v1/refusals", exchange.clerk, lawful=True, provider_id=str(PROVIDER))).json()["items"]
        assert found["answer"]["ru"].startswith("Сейчас нет мест")
        assert (await world.get("/v1/refusals", exchange.clerk, lawful=False)).json()["total"] == 0
        assert (await world.get("/v1/refusals", exchange.provider)).json()["total"] == 1
        for stranger in (world.token("provider", provider_id=OTHER), world.token("specialist", region="KZ-75")):
            assert (await world.get("/v1/refusals", stranger)).json()["total"] == 0
        assert {read.reader for read in await world.rows(ContentRead)} == {"s"}

    async def test_pages_of_the_register_follow_one_another(self, world):
        seen, cursor = [], None
        for number in range(1, 4):
            await Exchange(world, await sent_inquiry(world, number)).provides("respond", **REFUSED)
        clerk = world.token("specialist", region="KZ-43", subject="s")
        while True:
            page = (await world.get("/v1/refusals", clerk, limit=2, **({"cursor": cursor} if cursor else {}))).json()
            seen += [item["number"] for item in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert (sorted(seen), page["total"]) == ([f"2026-43-{number:07d}-0" for number in range(1, 4)], 3)

    async def test_no_refusal_is_accepted_without_a_finding(self, exchange):
        await exchange.provides("respond", **REFUSED)
        answer = await exchange.decides("accept")
        assert (answer.status_code, [(each["field"], each["code"]) for each in answer.json()["errors"]]) == (
            422, [("refusal_lawful", "required")],
        )  # fmt: skip

    async def test_a_finding_needs_a_refusal(self, exchange):
        await exchange.provides("respond", **PLAIN)
        answer = await exchange.decides("accept", refusal_lawful=True)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "no-refusal")

    async def test_a_returned_answer_loses_its_finding(self, exchange, world):
        await exchange.provides("respond", **REFUSED)
        await exchange.decides("accept", refusal_lawful=True)
        await exchange.decides("return", reason="NEW_FACTS", text="?")
        assert [row.refusal_lawful for row in await world.rows(ProviderResponse)] == [None]


class TestStructuredAnswers:
    async def test_answers_are_checked_by_type_and_stored_sealed(self, world):
        exchange = Exchange(world, await sent_inquiry(world, category="PAID_CASHBOX"))
        given = [
            {"question": "CARE_GIVEN", "value": "YES"},
            {"question": "CARE_DATE", "value": "2026-02-04", "text": "Құпия: кешке"},
            {"question": "MONEY_AMOUNT", "value": "12500.50"},
            {"question": "MEASURES", "text": "Құпия: ақша қайтарылды"},
        ]
        assert (await exchange.provides("respond", **PLAIN, answers=given)).status_code == 200
        (response,) = (await exchange.shown())["responses"]
        assert [(answer["question"], answer["value"]) for answer in response["answers"]] == [
            ("CARE_GIVEN", "YES"), ("CARE_DATE", "2026-02-04"), ("MONEY_AMOUNT", "12500.50"), ("MEASURES", None),
        ]  # fmt: skip
        assert "Құпия" not in await world.every_column()

    @pytest.mark.parametrize(
        ("answer", "field", "code"),
        [
            ({"question": "CARE_GIVEN", "value": "MAYBE"}, "value", "unknown-code"),
            ({"question": "CARE_GIVEN"}, "value", "required"),
            ({"question": "CARE_DATE", "value": "4.02.2026"}, "value", "bad-format"),
            ({"question": "CARE_DATE", "value": "20260204"}, "value", "bad-format"),
            ({"question": "REFUSAL_REASON", "value": "BORED"}, "value", "unknown-code"),
            ({"question": "REFUSAL_RULE", "value": "x", "text": "x"}, "value", "not-for-this-question"),
            ({"question": "REFUSAL_RULE"}, "text", "required"),
            ({"question": "MONEY_AMOUNT", "value": "100"}, "question", "not-asked"),
            ({"question": "WEATHER", "value": "x"}, "question", "unknown-code"),
        ],
    )
    async def test_a_wrong_answer_is_named_by_its_path(self, world, answer, field, code):
        exchange = Exchange(world, await sent_inquiry(world, category="REFUSAL_APPOINTMENT"))
        refused = await exchange.provides("respond", **PLAIN, answers=[answer])
        assert refused.status_code == 422
        assert [(each["field"], each["code"]) for each in refused.json()["errors"]] == [(f"answers.0.{field}", code)]

    async def test_a_question_is_answered_once(self, world):
        exchange = Exchange(world, await sent_inquiry(world, category="REFUSAL_APPOINTMENT"))
        refused = await exchange.provides("respond", **PLAIN, answers=[{"question": "CARE_GIVEN", "value": "NO"}] * 2)
        assert [(each["field"], each["code"]) for each in refused.json()["errors"]] == [("answers.1.question", "given-twice")]

    async def test_a_file_that_was_not_uploaded_is_refused(self, exchange):
        refused = await exchange.provides("respond", **PLAIN, attachments=[str(UUID(int=1))])
        assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, ["attachments.0"])


class TestTime:
    async def test_time_is_asked_for_and_granted(self, exchange, world):
        asked = (await exchange.provides("ask-time", until="2026-02-16", reason="Құпия: мұрағат")).json()
        assert (asked["status"], asked["time_asked_until"], "ask-time" in offered(asked)) == ("DELIVERED", "2026-02-16", False)
        assert (await world.emitted(contracts.TimeAsked))[0].until.isoformat() == "2026-02-16"
        granted = (await exchange.decides("grant-time")).json()
        assert (granted["due_at"], granted["clock"]["code"]) == ("2026-02-16T18:59:59Z", "TIME_GRANTED")
        assert (await world.emitted(contracts.TimeGranted))[0].due_at == datetime(2026, 2, 16, 18, 59, 59, tzinfo=UTC)
        assert "Құпия" not in await world.every_column()

    async def test_refused_time_leaves_the_due_date(self, exchange, world):
        before = (await exchange.row()).due_at
        await exchange.provides("ask-time", until="2026-02-16", reason="Мұрағат")
        refused = (await exchange.decides("refuse-time")).json()
        assert (refused["time_asked_until"], (await exchange.row()).due_at) == (None, before)
        assert len(await world.emitted(contracts.TimeRefused)) == 1

    @pytest.mark.parametrize(("until", "code"), [("2026-02-10", "not-later"), ("2026-02-01", "not-later"), ("2026-03-30", "too-late")])
    async def test_the_day_is_after_the_due_day_and_not_too_long_after(self, exchange, until, code):
        answer = await exchange.provides("ask-time", until=until, reason="Мұрағат")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)

    async def test_the_code_needs_time_asks_for_time_and_answers_nothing(self, exchange, world):
        asked = (await exchange.provides("respond", **PLAIN | {"code": "NEEDS_TIME"})).json()
        assert (asked["status"], asked["time_asked_until"]) == ("DELIVERED", "2026-02-13")
        assert (await world.emitted(contracts.InquiryAnswered), await world.rows(ProviderResponse)) == ([], [])

    async def test_nobody_grants_what_was_not_asked_for(self, exchange):
        assert (await exchange.decides("grant-time")).json()["code"] == "action-not-possible"


class TestStaff:
    async def test_each_notice_is_planned_after_its_action(self, world):
        notices = Planned()
        world.app.state.actions.notices = notices
        exchange = Exchange(world, await sent_inquiry(world))
        await exchange.decides("remind")
        await exchange.provides("ask-time", until="2026-02-16", reason="Мұрағат")
        await exchange.decides("refuse-time")
        await exchange.decides("escalate-to", body="HEALTH_DEPARTMENT")
        await exchange.decides("cancel", reason="MISTAKE")
        kinds = [("REMINDER", None), ("TIME_REFUSED", None), ("ESCALATION", "HEALTH_DEPARTMENT"), ("CANCELLED", None)]
        assert notices.kinds == kinds

    async def test_a_clerk_reminds_once_a_day(self, exchange, world):
        assert "remind" not in offered((await exchange.decides("remind")).json())
        world.clock.advance(timedelta(days=1))
        clerk = world.token("specialist", region="KZ-43", subject="s")
        assert (await exchange.call(clerk, "remind")).status_code == 200
        assert [event.actor_role for event in await world.emitted(contracts.InquiryReminded)] == ["specialist"] * 2

    async def test_a_recorded_call_is_the_funds_own(self, exchange, world):
        await exchange.decides("record-call", spoken_to="Құпия Адам", position="бас дәрігер", text="Құпия: ертең жібереді")
        (entry,) = (await exchange.shown(exchange.clerk))["history"]
        assert (entry["spoken_to"], entry["position"], entry["text"]) == ("Құпия Адам", "бас дәрігер", "Құпия: ертең жібереді")
        assert (await exchange.shown())["history"] == []
        assert "Құпия" not in await world.every_column()

    async def test_a_cancelled_inquiry_expects_nothing(self, exchange):
        cancelled = (await exchange.decides("cancel", reason="WRONG_PROVIDER")).json()
        assert (cancelled["status"], offered(cancelled)) == ("CANCELLED", [])
        assert (await exchange.row()).settled
        assert (await exchange.provides("respond", **PLAIN)).json()["code"] == "action-not-possible"

    async def test_who_reads_answers_is_recorded_unless_it_is_the_provider(self, exchange, world):
        await exchange.provides("respond", **PLAIN)
        await exchange.shown()
        assert await world.rows(ContentRead) == []
        await exchange.shown(exchange.clerk)
        (read,) = await world.rows(ContentRead)
        assert (read.reader, read.purpose) == ("s", "inquiry")

    async def test_a_clerk_of_another_region_finds_nothing(self, exchange, world):
        stranger = world.token("specialist", region="KZ-75", subject="x")
        assert (await exchange.call(stranger, "remind")).status_code == 404

    async def test_nothing_is_done_after_the_case_has_ended(self, exchange, world):
        await world.consume(closed(1))
        exchange.version = 2
        for who, action in ((exchange.provider, "acknowledge"), (exchange.clerk, "remind")):
            assert (await exchange.call(who, action)).json()["code"] == "action-not-possible"
        assert offered(await exchange.shown(exchange.clerk)) == []


class TestAnswersWithoutAPerson:
    async def test_one_that_is_expected_answers(self, exchange, world):
        received = await exchange.receive(**PLAIN)
        assert (received.counts, received.item.status) == (True, "RESPONDED")
        (response,) = await world.rows(ProviderResponse)
        assert (response.method, response.sender, response.late) == ("EMAIL", "link-1", False)

    async def test_a_late_one_says_so(self, exchange, world):
        world.clock.advance(timedelta(days=30))
        await exchange.receive(**PLAIN)
        assert [event.late for event in await world.emitted(contracts.InquiryAnswered)] == [True]

    @pytest.mark.parametrize("end", ["answered", "accepted", "cancelled", "closed"])
    async def test_one_that_comes_too_late_is_stored_and_moves_nothing(self, exchange, world, end):
        if end in {"answered", "accepted"}:
            await exchange.provides("respond", **PLAIN)
        if end == "accepted":
            await exchange.decides("accept")
        if end == "cancelled":
            await exchange.decides("cancel", reason="MISTAKE")
        if end == "closed":
            await world.consume(closed(1))
        before, published = await exchange.row(), len(await world.emitted(contracts.InquiryAnswered))
        received = await exchange.receive(**REFUSED)
        after = await exchange.row()
        assert (received.counts, after.status, after.version) == (False, before.status, before.version)
        assert len(await world.emitted(contracts.InquiryAnswered)) == published
        assert [row.counts for row in await world.rows(ProviderResponse) if row.method == "EMAIL"] == [False]

    async def test_needs_time_asks_for_time(self, exchange, world):
        received = await exchange.receive(**PLAIN | {"code": "NEEDS_TIME"})
        assert (received.response_id, received.counts) == (None, True)
        assert len(await world.emitted(contracts.TimeAsked)) == 1


class TestExtensions:
    """A slice above adds an action and what its guards need to know."""

    @pytest.fixture
    def proposed(self, world):
        given = []

        async def propose(context, command):
            given.append(command.text)
            set_flag(context.inquiry, "OPEN_PROPOSAL", value=True)

        world.app.state.actions = Actions(world.app.state.actions.files, extensions=[ActionHandler(commands.Propose, propose)])
        return given

    async def test_an_action_without_a_handler_is_not_offered(self, exchange, world):
        world.app.state.actions = Actions(world.app.state.actions.files)
        assert {"propose", "promise"}.isdisjoint(offered(await exchange.shown()))

    async def test_resolved_opens_a_proposal_with_the_text_of_the_answer(self, exchange, proposed):
        answered = (await exchange.provides("respond", **ANSWER | {"expected_version": 1})).json()
        assert (answered["status"], proposed) == ("RESPONDED", [ANSWER["text"]])
        assert "propose" not in offered(answered)

    @pytest.mark.usefixtures("proposed")
    async def test_a_flag_that_is_removed_offers_the_action_again(self, exchange, world):
        await exchange.provides("respond", **ANSWER | {"expected_version": 1})
        async with world.parts.units.write() as work:
            await change_flags(work, exchange.inquiry_id, OPEN_PROPOSAL=False, OPEN_COMMITMENT=True)
        shown = await exchange.shown()
        assert (offered(shown), shown["version"]) == (["propose"], 3)

    @pytest.mark.usefixtures("proposed")
    async def test_other_providers_are_offered_nothing(self, exchange, world):
        assert (await world.get(f"/v1/inquiries/{exchange.inquiry_id}", world.token("provider", provider_id=OTHER))).status_code == 404


async def test_an_entry_names_who_acted(exchange, world):
    await exchange.decides("escalate-to", body="HEALTH_DEPARTMENT")
    (entry,) = await world.rows(InquiryEntry)
    assert (entry.type, entry.actor_role, entry.actor, entry.code, entry.round) == (
        "escalate-to",
        "specialist",
        "s",
        "HEALTH_DEPARTMENT",
        1,
    )
