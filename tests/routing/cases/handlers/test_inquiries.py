from datetime import date
from uuid import uuid4

import pytest

from routing.cases.errors import UnknownAppeal
from shared.contracts import (
    ConsentAnswered,
    ConsentAsked,
    ConsentRequested,
    ConsentWithdrawn,
    InquiryAcknowledged,
    InquiryAnswered,
    InquiryCancelled,
    InquiryEscalated,
    InquiryOverdue,
    InquiryReturned,
    ProviderMatched,
    TimeAsked,
    TimeGranted,
)
from tests.routing.support import NOW, PROVIDER, QUESTION, Statements, about, registered, sent

OTHER_PROVIDER = uuid4()


class TestFollowInquiries:
    async def test_an_inquiry_moves_the_case_to_the_provider_and_its_answer_back(self, desk):
        appeal_id = await desk.open()
        await desk.apply(sent(appeal_id))
        away = await desk.case(appeal_id)
        await desk.apply(about(InquiryAcknowledged, appeal_id))
        await desk.apply(about(InquiryOverdue, appeal_id, due_at=NOW))
        await desk.apply(about(InquiryAnswered, appeal_id, response_id=uuid4(), code="RESOLVED"))
        back = await desk.case(appeal_id)
        assert (away["status"], away["holder"], away["version"]) == ("AWAITING_PROVIDER", "PROVIDER", 2)
        assert (back["status"], back["holder"], back["version"]) == ("IN_REVIEW", "FUND_TIER2", 3)
        assert [row["type"] for row in back["history"]] == [
            "appeal-routed", "inquiry-sent", "inquiry-acknowledged", "inquiry-overdue", "inquiry-answered",
        ]  # fmt: skip
        assert back["history"][-1]["ru"] == "Медицинская организация ответила: Вопрос решён"

    async def test_what_clerks_and_clocks_do_with_an_inquiry_is_in_the_history_with_who_did_it(self, desk):
        appeal_id = await desk.open()
        await desk.apply(sent(appeal_id))
        await desk.apply(about(TimeAsked, appeal_id, until=date(2026, 2, 16)))
        asked = await desk.case(appeal_id)
        await desk.apply(about(TimeGranted, appeal_id, due_at=NOW, actor_role="specialist"))
        await desk.apply(about(InquiryEscalated, appeal_id, body="HEALTH_DEPARTMENT"))
        await desk.apply(about(InquiryAnswered, appeal_id, response_id=uuid4(), code="EXPLANATION"))
        answered = await desk.case(appeal_id)
        returned = about(InquiryReturned, appeal_id, reason="UNCLEAR", round=2, due_at=NOW, actor_role="head")
        await desk.apply(returned)
        away = await desk.case(appeal_id)
        await desk.apply(about(InquiryCancelled, appeal_id, reason="MISTAKE", actor_role="specialist"))
        back = await desk.case(appeal_id)
        assert [(case["status"], case["has_news"]) for case in (asked, answered, away, back)] == [
            ("AWAITING_PROVIDER", True), ("IN_REVIEW", True), ("AWAITING_PROVIDER", False), ("IN_REVIEW", False),
        ]  # fmt: skip
        entries = [(row["type"], row["actor_role"]) for row in back["history"][2:]]
        assert entries == [
            ("time-asked", "service"), ("time-granted", "specialist"), ("inquiry-escalated", "service"),
            ("inquiry-answered", "service"), ("inquiry-returned", "head"), ("inquiry-cancelled", "specialist"),
        ]  # fmt: skip
        assert back["history"][4]["ru"] == "Ответа нет, о запросе сообщено: Управление здравоохранения региона"

    async def test_a_request_for_the_consent_and_its_answer_are_news_and_move_nothing(self, desk):
        appeal_id = await desk.open()
        await desk.apply(sent(appeal_id))
        before = await desk.case(appeal_id)
        inquiry = {"inquiry_id": uuid4(), "provider_id": PROVIDER}
        await desk.apply(ConsentAsked(appeal_id=appeal_id, **inquiry))
        asked = await desk.case(appeal_id)
        await desk.apply(ConsentRequested(appeal_id=appeal_id, **inquiry, answer_until=NOW, actor_role="specialist"))
        requested = await desk.case(appeal_id)
        await desk.apply(ConsentAnswered(appeal_id=appeal_id, **inquiry, given=True, method="TRACK"))
        answered = await desk.case(appeal_id)
        await desk.apply(ConsentWithdrawn(appeal_id=appeal_id, method="CALL"))
        withdrawn = await desk.case(appeal_id)
        assert [case["has_news"] for case in (before, asked, requested, answered, withdrawn)] == [False, True, False, True, True]
        assert {case["status"] for case in (before, asked, requested, answered, withdrawn)} == {"AWAITING_PROVIDER"}
        entries = [row["type"] for row in withdrawn["history"][2:]]
        assert entries == ["consent-asked", "consent-requested", "consent-given", "consent-withdrawn"]
        assert [row["actor_role"] for row in withdrawn["history"][-2:]] == ["applicant", "applicant"]
        assert withdrawn["history"][-1]["ru"] == "Заявитель отозвал согласие на передачу своих данных медорганизации"

    async def test_the_matched_provider_becomes_that_of_the_case(self, desk):
        appeal_id = await desk.open()
        await desk.apply(ProviderMatched(appeal_id=appeal_id, provider_id=PROVIDER, score=0.9, matched_by="name"))
        await desk.apply(sent(appeal_id, provider_id=OTHER_PROVIDER))
        assert (await desk.case(appeal_id))["provider_id"] == str(PROVIDER)

    async def test_the_provider_chosen_at_registration_is_that_of_the_case(self, desk):
        assert (await desk.case(await desk.open(provider_id=PROVIDER)))["provider_id"] == str(PROVIDER)

    async def test_the_same_event_again_changes_nothing(self, desk):
        appeal_id = await desk.open()
        envelopes = await desk.apply(sent(appeal_id))
        before = await desk.case(appeal_id)
        await desk.apply(sent(appeal_id), envelopes=envelopes)
        assert await desk.case(appeal_id) == before

    async def test_a_response_after_the_answer_does_not_reopen_the_case(self, desk):
        appeal_id = await desk.open(text=QUESTION, kind="CONSULTATION")
        operator = desk.token("operator")
        await desk.carry_out(appeal_id, "answer", operator, language="ru", text="Проверьте на сайте.")
        await desk.apply(about(InquiryAnswered, appeal_id, response_id=uuid4(), code="RESOLVED"))
        assert (await desk.case(appeal_id))["status"] == "ANSWERED"

    async def test_an_unknown_appeal_is_refused_by_name_and_nothing_of_the_batch_is_kept(self, desk):
        appeal_id = await desk.open()
        with pytest.raises(UnknownAppeal):
            await desk.apply(sent(appeal_id), sent(uuid4()))
        assert (await desk.case(appeal_id))["status"] == "IN_REVIEW"

    async def test_a_batch_takes_as_many_statements_as_one_event(self, desk):
        events = [registered() for _ in range(60)]
        await desk.apply(*events)
        found = []
        for part in (events[:1], events[1:]):
            with Statements(desk) as statements:
                await desk.apply(*(sent(event.appeal_id) for event in part))
            found.append(statements.count)
        assert found[0] == found[1] <= 5
