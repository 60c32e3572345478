import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlmodel import col

from routing.cases.models import ProviderQuestion
from shared.contracts import InquirySent
from tests.routing.desk.pages.test_provider import recorded
from tests.routing.support import NOW, count

CLINIC = uuid4()
TEXT = "Пациент 2 ақпанда қабылданды ма?"


@pytest.fixture
async def complaint(desk):
    await desk.apply(recorded(CLINIC))
    return await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")


def clerk(desk, **claims):
    return desk.token("specialist", **({"region": "KZ-43", "subject": "clerk-1"} | claims))


async def ask(desk, appeal_id, who=None, **fields):
    usual = {"provider_id": str(CLINIC), "questions": ["CARE_GIVEN", "MEASURES"], "text": TEXT, "language": "kk"}
    return await desk.carry_out(appeal_id, "ask-provider", who or clerk(desk), **(usual | fields))


class TestAskProvider:
    async def test_the_question_is_sealed_and_its_event_has_codes_alone(self, desk, complaint):
        day = (NOW + timedelta(days=5)).date().isoformat()
        done = await ask(desk, complaint, due_on=day)
        assert (done.status_code, done.json()["status"], done.json()["history"][-1]["type"]) == (200, "IN_REVIEW", "inquiry-requested")
        fact, value = (await desk.emitted())[-1]
        event = json.loads(value)
        assert (fact, event["provider_id"], event["questions"], event["due_on"]) == (
            "inquiry-requested", str(CLINIC), ["CARE_GIVEN", "MEASURES"], day,
        )  # fmt: skip
        assert (event["has_text"], event["category"], event["region"], event["tier"]) == (True, "REFUSAL_APPOINTMENT", "KZ-43", 2)
        assert TEXT not in value.decode()
        async with desk.parts.database.read() as session:
            (content,) = (await session.execute(select(col(ProviderQuestion.content)))).scalars()
        assert TEXT.encode() not in content

    async def test_what_the_appeal_is_about_goes_along_in_codes_and_days(self, desk, complaint):
        day = NOW.date().isoformat()
        await ask(desk, complaint, service="IMAGING", department="RADIOLOGY", period_from=day)
        event = json.loads((await desk.emitted())[-1][1])
        named = [event[name] for name in ("service", "department", "period_from", "period_to")]
        assert named == ["IMAGING", "RADIOLOGY", day, day]

    async def test_provider_contact_reads_the_question_for_the_providers_user(self, desk, complaint):
        await ask(desk, complaint)
        request_id = json.loads((await desk.emitted())[-1][1])["request_id"]
        asked = {"ids": [request_id], "purpose": "provider-inquiry", "on_behalf_of": "officer-1"}
        for reader, status in (("provider-contact", 200), ("intake", 403)):
            headers = desk.token("service", subject=reader)
            given = await desk.client.post("/routing/internal/v1/contents", json=asked, headers=headers)
            assert given.status_code == status
            if status == 200:
                assert given.json()["items"][0]["content"] == {"questions": ["CARE_GIVEN", "MEASURES"], "text": TEXT}

    async def test_it_stands_in_the_conversation_once(self, desk, complaint):
        await ask(desk, complaint)
        request_id = UUID(json.loads((await desk.emitted())[-1][1])["request_id"])
        usual = {"inquiry_id": uuid4(), "provider_id": CLINIC, "category": "REFUSAL_APPOINTMENT", "due_at": NOW, "discloses": False}
        await desk.apply(InquirySent(appeal_id=complaint, request_id=request_id, **usual))
        items = (await desk.get(f"/cases/{complaint}/conversation", clerk(desk))).json()["items"]
        (inquiry,) = [item for item in items if item["type"] == "INQUIRY"]
        assert (inquiry["text"], inquiry["questions"], inquiry["author_role"]) == (TEXT, ["CARE_GIVEN", "MEASURES"], "specialist")
        assert (await desk.case(complaint))["status"] == "AWAITING_PROVIDER"

    @pytest.mark.parametrize(("fields", "wrong"), [
        ({"questions": [], "text": None}, ("questions", "required")),
        ({"questions": ["NOT_A_CODE"]}, ("questions.0", "unknown-code")),
        ({"provider_id": str(uuid4())}, ("provider_id", "unknown-provider")),
        ({"due_on": "2026-02-01"}, ("due_on", "too-early")),
        ({"service": "MASSAGE"}, ("service", "unknown-code")),
        ({"period_from": "2026-02-02", "period_to": "2026-02-01"}, ("period_to", "before-from")),
        ({"period_to": "2026-02-01"}, ("period_to", "before-from")),
        ({"period_from": "2099-02-02"}, ("period_from", "in-future")),
    ])  # fmt: skip
    async def test_what_cannot_be_asked_is_refused_and_nothing_is_published(self, desk, complaint, fields, wrong):
        refused = await ask(desk, complaint, **fields)
        assert refused.status_code == 422
        assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [wrong]
        assert await count(desk, ProviderQuestion) == 0
        assert "inquiry-requested" not in [fact for fact, _ in await desk.emitted()]

    async def test_a_question_without_a_category_is_put_to_no_provider(self, desk, complaint):
        consultation = await desk.open(kind="CONSULTATION", topic="STATUS_CHECK")
        assert (await ask(desk, consultation)).json()["code"] == "action-not-possible"
        assert (await ask(desk, complaint)).status_code == 200

    async def test_whoever_does_not_see_the_case_asks_nobody(self, desk, complaint):
        version = (await desk.case(complaint))["version"]
        refused = await ask(desk, complaint, clerk(desk, region="KZ-75"), expected_version=version)
        assert refused.status_code == 404
        assert await count(desk, ProviderQuestion) == 0
