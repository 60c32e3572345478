from datetime import date
from uuid import UUID

import pytest

from provider_contact.inquiries.models import Appeal, Inquiry
from shared.contracts import InquiryRequested, InquirySent
from tests.provider_contact.conftest import OTHER, PROVIDER, appeal_id, closed, registered, routed

REQUEST = UUID(int=900)


def requested(number=1, **changed):
    values = {
        "appeal_id": appeal_id(number), "request_id": REQUEST, "provider_id": PROVIDER, "questions": ["CARE_GIVEN", "MEASURES"],
        "language": "kk", "due_on": date(2026, 2, 12), "has_text": True, "number": f"2026-43-{number:07d}-0", "region": "KZ-43", "tier": 2,
        "kind": "COMPLAINT", "category": "REFUSAL_APPOINTMENT", "actor_role": "specialist",
    }  # fmt: skip
    return InquiryRequested(**(values | changed))


class TestRequestedInquiries:
    async def test_it_opens_with_the_questions_and_the_day_of_the_clerk(self, world):
        await world.consume(requested())
        (inquiry,) = await world.rows(Inquiry)
        assert (inquiry.provider_id, inquiry.category, inquiry.questions) == (PROVIDER, "REFUSAL_APPOINTMENT", ["CARE_GIVEN", "MEASURES"])
        assert (inquiry.request_id, inquiry.has_text, inquiry.due_at.isoformat()) == (REQUEST, True, "2026-02-12T18:59:59+00:00")
        (sent,) = await world.emitted(InquirySent)
        assert (sent.inquiry_id, sent.request_id, sent.discloses) == (inquiry.inquiry_id, REQUEST, False)

    async def test_an_appeal_that_named_no_provider_is_stored_without_consent(self, world):
        await world.consume(requested())
        (appeal,) = await world.rows(Appeal)
        assert (appeal.appeal_id, appeal.region, appeal.tier, appeal.discloses) == (appeal_id(1), "KZ-43", 2, False)

    async def test_the_text_is_disclosed_to_the_provider_of_the_appeal_alone(self, world):
        await world.consume(registered(1, provider_id=PROVIDER))
        await world.consume(requested(provider_id=OTHER))
        await world.consume(requested())
        assert {inquiry.provider_id: inquiry.discloses for inquiry in await world.rows(Inquiry)} == {OTHER: False, PROVIDER: True}

    async def test_of_a_crime_nothing_is_disclosed_whatever_the_general_consent_says(self, world):
        await world.consume(registered(1, provider_id=PROVIDER))
        await world.consume(requested(category="EXTORTION"))
        assert [inquiry.discloses for inquiry in await world.rows(Inquiry)] == [False]

    async def test_a_closed_case_is_not_asked_about(self, world):
        await world.consume(registered(1, provider_id=PROVIDER))
        await world.consume(closed(1))
        await world.consume(requested())
        assert await world.rows(Inquiry) == []

    @pytest.mark.parametrize(
        ("facts", "ending"),
        [
            ({}, "День обращения: 05.02.2026"),
            ({"service": "IMAGING"}, ". Услуга: Инструментальное исследование (УЗИ, КТ, МРТ, рентген)"),
            ({"department": "RADIOLOGY"}, ". Отделение: Отделение лучевой диагностики"),
            ({"period_from": date(2026, 2, 2), "period_to": date(2026, 2, 2)}, ". День события: 02.02.2026"),
            ({"period_from": date(2026, 1, 5), "period_to": date(2026, 2, 2)}, ". Период: 05.01.2026 – 02.02.2026"),
        ],
    )
    async def test_a_provider_that_may_not_know_the_person_reads_what_the_appeal_is_about(self, world, facts, ending):
        await world.consume(requested(**facts))
        (inquiry,) = await world.rows(Inquiry)
        for who in (world.token("provider", provider_id=PROVIDER), world.token("specialist", region="KZ-43")):
            read = (await world.get(f"/v1/inquiries/{inquiry.inquiry_id}", who)).json()
            assert (read["discloses"], read["applicant"], read["text"]) == (False, None, None)
            assert read["summary"]["ru"].endswith(ending)
            assert {name: read[name] for name in facts} == {name: str(value) for name, value in facts.items()}

    async def test_without_a_day_the_usual_term_counts(self, world):
        await world.consume(registered(1, provider_id=PROVIDER))
        await world.consume(routed(1))
        await world.consume(requested(due_on=None))
        by_rule, asked = sorted(await world.rows(Inquiry), key=lambda inquiry: inquiry.request_id is not None)
        assert by_rule.due_at == asked.due_at

    @pytest.mark.parametrize(("provider_id", "sees"), [(PROVIDER, True), (OTHER, False)])
    async def test_the_asked_provider_reads_the_questions(self, world, provider_id, sees):
        await world.consume(requested(has_text=False))
        (inquiry,) = await world.rows(Inquiry)
        who = world.token("provider", provider_id=provider_id)
        answer = await world.get(f"/v1/inquiries/{inquiry.inquiry_id}", who)
        assert answer.status_code == (200 if sees else 404)
        if sees:
            assert [question["code"] for question in answer.json()["questions"]] == ["CARE_GIVEN", "MEASURES"]
            assert (answer.json()["request_text"], answer.json()["content_available"]) == (None, True)

    async def test_while_routing_does_not_answer_the_clerks_text_is_missing(self, world):
        await world.consume(requested())
        (inquiry,) = await world.rows(Inquiry)
        answer = (await world.get(f"/v1/inquiries/{inquiry.inquiry_id}", world.token("provider", provider_id=PROVIDER))).json()
        assert (answer["request_text"], answer["content_available"]) == (None, False)
