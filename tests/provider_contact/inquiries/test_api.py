from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provider_contact.inquiries.models import Appeal, Inquiry, ProviderResponse
from shared.contracts import InquiryAcknowledged, InquiryAnswered
from tests.provider_contact.conftest import ANSWER, OTHER, PROVIDER, appeal_id, closed, registered, routed, sent_inquiry


class TestList:
    async def test_a_provider_sees_its_own_and_no_others(self, world):
        await sent_inquiry(world, 1)
        await sent_inquiry(world, 2, provider_id=OTHER)
        answer = (await world.get("/v1/inquiries", world.token("provider", provider_id=PROVIDER))).json()
        assert ([item["appeal_id"] for item in answer["items"]], answer["total"]) == ([str(appeal_id(1))], 1)

    async def test_filters_narrow_and_never_widen(self, world):
        await sent_inquiry(world, 1)
        await sent_inquiry(world, 2, provider_id=OTHER)
        mine = world.token("provider", provider_id=PROVIDER)
        assert (await world.get("/v1/inquiries", mine, provider_id=str(OTHER))).json()["total"] == 0
        assert (await world.get("/v1/inquiries", mine, status="DELIVERED", region="KZ-43", overdue=False)).json()["total"] == 1
        for nothing in ({"status": "RESPONDED"}, {"region": "KZ-75"}, {"overdue": True}):
            assert (await world.get("/v1/inquiries", mine, **nothing)).json()["total"] == 0

    async def test_what_awaits_the_provider_comes_first_and_pages_follow_one_another(self, world):
        for number in range(1, 6):
            await sent_inquiry(world, number)
            world.clock.advance(timedelta(days=7))
        mine = world.token("provider", provider_id=PROVIDER, lifetime=timedelta(days=1))
        first = (await world.get("/v1/inquiries", mine)).json()["items"][0]["inquiry_id"]
        await world.post(f"/v1/inquiries/{first}/actions/respond", mine, ANSWER)
        seen, cursor = [], None
        while True:
            page = (await world.get("/v1/inquiries", mine, limit=2, **({"cursor": cursor} if cursor else {}))).json()
            seen += [item["appeal_id"] for item in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert seen == [str(appeal_id(number)) for number in (2, 3, 4, 5, 1)]

    @pytest.mark.parametrize("query", [{"status": "LOST"}, {"region": "KZ-99"}, {"provider_id": "x"}, {"cursor": "W10"}, {"limit": 0}])
    async def test_a_wrong_question_is_refused(self, world, query):
        answer = await world.get("/v1/inquiries", world.token("admin"), **query)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(query)))

    @pytest.mark.parametrize("role", ["applicant", "channel", "analyst", "partner", "service"])
    async def test_others_have_no_business_here(self, world, role):
        assert (await world.get("/v1/inquiries", world.token(role))).status_code == 403

    async def test_nobody_is_nobody(self, world):
        assert (await world.get("/v1/inquiries")).status_code == 401


CASES = st.lists(
    st.tuples(st.sampled_from(["KZ-43", "KZ-75", "KZ-00"]), st.sampled_from([2, 3]), st.sampled_from([PROVIDER, OTHER])),
    min_size=1,
    max_size=6,
)


PRINCIPALS = st.tuples(
    st.sampled_from(["operator", "specialist", "expert", "supervisor", "head", "admin", "provider"]),
    st.sampled_from([None, "KZ-43", "KZ-75"]),
    st.sampled_from([None, PROVIDER, OTHER]),
)


class TestVisibility:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
    @given(cases=CASES, who=PRINCIPALS)
    async def test_list_total_and_item_follow_one_rule(self, world, cases, who):
        role, region, provider_id = who
        start = len(await world.rows(Appeal)) + 1
        numbered = list(enumerate(cases, start))
        await world.consume(*(registered(number, region=case_region, provider_id=asked) for number, (case_region, _, asked) in numbered))
        await world.consume(*(routed(number, region=case_region, tier=tier) for number, (case_region, tier, _) in numbered))

        def sees(inquiry, case_region, tier):
            if role == "provider":
                return provider_id is not None and inquiry.provider_id == provider_id
            if role == "expert":
                return tier == 3
            return role == "admin" or (role == "operator" and region is None) or (region is not None and case_region == region)

        appeals = {appeal.appeal_id: appeal for appeal in await world.rows(Appeal)}
        inquiries = await world.rows(Inquiry)
        expected = {
            str(inquiry.inquiry_id)
            for inquiry in inquiries
            if sees(inquiry, appeals[inquiry.appeal_id].region, appeals[inquiry.appeal_id].tier)
        }
        token = world.token(role, region=region, provider_id=provider_id, subject="тексеруші")
        answer = (await world.get("/v1/inquiries", token, limit=200)).json()
        assert answer["total"] == len(expected)
        assert {item["inquiry_id"] for item in answer["items"]} <= expected
        assert len(answer["items"]) == min(len(expected), 200)
        for inquiry in inquiries[-3:]:
            status = (await world.get(f"/v1/inquiries/{inquiry.inquiry_id}", token)).status_code
            assert status == (200 if str(inquiry.inquiry_id) in expected else 404)


class TestDetail:
    async def test_with_consent_the_provider_reads_the_text_from_their_owner(self, world):
        inquiry_id = await sent_inquiry(world)
        world.intake.discloses(1, "Дәрігер қабылдамады")
        shown = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("provider", provider_id=PROVIDER, subject="тіркеуші"))).json()
        assert shown["text"] == "Дәрігер қабылдамады"
        assert shown["applicant"] == {"full_name": "Сынақ Азамат"}
        assert "Медициналық көмекті ұзақ күту" in shown["question"]["kk"]
        assert (world.intake.asked[-1].purpose, world.intake.asked[-1].on_behalf_of) == ("provider-disclosure", "тіркеуші")

    async def test_without_consent_nothing_is_even_asked_for(self, world):
        inquiry_id = await sent_inquiry(world, discloses=False)
        world.intake.discloses(1, "Дәрігер қабылдамады")
        shown = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("provider", provider_id=PROVIDER))).json()
        assert (shown["text"], shown["applicant"], shown["discloses"]) == (None, None, False)
        assert world.intake.asked == []

    async def test_a_complaint_about_a_person_discloses_its_text_and_never_who_complains(self, world):
        inquiry_id = await sent_inquiry(world, category="ETHICS_RUDENESS")
        world.intake.discloses(1, "Дәрігер айқайлады")
        shown = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("provider", provider_id=PROVIDER))).json()
        assert (shown["text"], shown["applicant"]) == ("Дәрігер айқайлады", None)

    async def test_the_summary_can_be_answered_without_the_person(self, world):
        inquiry_id = await sent_inquiry(world, discloses=False)
        shown = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("provider", provider_id=PROVIDER))).json()
        assert (
            shown["summary"]["ru"]
            == "Тема: Длительное ожидание медицинской помощи. Регион: Кызылординская область. День обращения: 05.02.2026"
        )

    async def test_staff_read_the_text_on_the_desk_not_here(self, world):
        inquiry_id = await sent_inquiry(world)
        world.intake.discloses(1, "Дәрігер қабылдамады")
        shown = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("head", region="KZ-43"))).json()
        assert shown["text"] is None
        assert world.intake.asked == []

    async def test_once_the_case_is_closed_the_text_is_not_shown_any_more(self, world):
        inquiry_id = await sent_inquiry(world)
        world.intake.discloses(1, "Дәрігер қабылдамады")
        await world.consume(closed(1))
        shown = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("provider", provider_id=PROVIDER))).json()
        assert (shown["closed"], shown["text"], shown["next_actions"]) == (True, None, [])

    async def test_while_the_owner_is_down_the_rest_is_shown(self, world):
        inquiry_id = await sent_inquiry(world)
        world.intake.down = True
        answer = await world.get(f"/v1/inquiries/{inquiry_id}", world.token("provider", provider_id=PROVIDER))
        assert (answer.status_code, answer.json()["content_available"], answer.json()["text"]) == (200, False, None)


class TestActions:
    async def test_acknowledging_is_emitted_and_leaves_answering(self, world):
        inquiry_id = await sent_inquiry(world)
        mine = world.token("provider", provider_id=PROVIDER)
        shown = (await world.post(f"/v1/inquiries/{inquiry_id}/actions/acknowledge", mine, {"expected_version": 1})).json()
        assert (shown["status"], shown["version"]) == ("ACKNOWLEDGED", 2)
        assert [action["action"] for action in shown["next_actions"]] == ["respond", "propose", "promise", "ask-time"]
        assert [event.inquiry_id for event in await world.emitted(InquiryAcknowledged)] == [inquiry_id]

    async def test_an_answer_is_emitted_by_its_id_and_stored_sealed(self, world):
        inquiry_id = await sent_inquiry(world)
        shown = (
            await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER)
        ).json()
        possible = [action["action"] for action in shown["next_actions"]]
        assert (shown["status"], possible) == ("RESPONDED", ["promise"]), "RESOLVED has opened a proposal"
        emitted = (await world.emitted(InquiryAnswered))[0]
        assert (emitted.code, emitted.response_id) == ("RESOLVED", (await world.rows(ProviderResponse))[0].response_id)
        assert "Құпия" not in await world.every_column()

    async def test_the_fields_of_an_action_name_their_options(self, world):
        await sent_inquiry(world)
        item = (await world.get("/v1/inquiries", world.token("provider", provider_id=PROVIDER))).json()["items"][0]
        respond = item["next_actions"][1]
        assert respond["kk"] == "Жауап беру"
        assert {each["name"]: each["options"] for each in respond["fields"]} == {
            "language": ["kk", "ru", "en"],
            "code": ["EXPLANATION", "RESOLVED", "REFUSED_LAWFULLY", "NOT_OUR_PATIENT", "NEEDS_TIME"],
            "text": None,
            "answers": None,
            "refusal": None,
            "attachments": None,
        }

    async def test_an_old_version_is_a_conflict(self, world):
        inquiry_id = await sent_inquiry(world)
        mine = world.token("provider", provider_id=PROVIDER)
        await world.post(f"/v1/inquiries/{inquiry_id}/actions/acknowledge", mine, {"expected_version": 1})
        answer = await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", mine, ANSWER)
        assert (answer.status_code, answer.json()["code"], answer.json()["current_version"]) == (409, "version-conflict", 2)

    async def test_what_is_not_possible_says_what_is(self, world):
        inquiry_id = await sent_inquiry(world)
        mine = world.token("provider", provider_id=PROVIDER)
        await world.post(f"/v1/inquiries/{inquiry_id}/actions/acknowledge", mine, {"expected_version": 1})
        answer = await world.post(f"/v1/inquiries/{inquiry_id}/actions/acknowledge", mine, {"expected_version": 2})
        assert (answer.status_code, answer.json()["code"]) == (409, "action-not-possible")
        assert [action["action"] for action in answer.json()["next_actions"]] == ["respond", "propose", "promise", "ask-time"]

    async def test_a_closed_case_takes_no_answer(self, world):
        inquiry_id = await sent_inquiry(world)
        await world.consume(closed(1))
        answer = await world.post(
            f"/v1/inquiries/{inquiry_id}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER | {"expected_version": 2}
        )
        assert answer.json()["code"] == "action-not-possible"

    @pytest.mark.parametrize(
        ("changed", "field", "code"),
        [
            ({"code": "MAYBE"}, "code", "unknown-code"),
            ({"language": "de"}, "language", "unknown-code"),
            ({"text": " "}, "text", "too-short"),
            ({"text": "я" * 20_001}, "text", "too-long"),
            ({"expected_version": 0}, "expected_version", "out-of-range"),
            ({"expected_version": "1"}, "expected_version", "wrong-type"),
            ({"note": "x"}, "note", "unknown-field"),
        ],
    )
    async def test_a_wrong_field_is_named(self, world, changed, field, code):
        inquiry_id = await sent_inquiry(world)
        answer = await world.post(
            f"/v1/inquiries/{inquiry_id}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER | changed
        )
        assert answer.status_code == 422
        assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, code)]

    async def test_nobody_else_answers(self, world):
        inquiry_id = await sent_inquiry(world)
        path = f"/v1/inquiries/{inquiry_id}/actions/respond"
        assert (await world.post(path, world.token("provider", provider_id=OTHER), ANSWER)).status_code == 404
        assert (await world.post(path, world.token("provider"), ANSWER)).status_code == 404
        assert (await world.post(path, world.token("head", region="KZ-43"), ANSWER)).status_code == 403
        assert (await world.post(path, None, ANSWER)).status_code == 401

    async def test_a_key_sent_again_answers_as_the_first_time(self, world):
        inquiry_id = await sent_inquiry(world)
        mine = world.token("provider", provider_id=PROVIDER) | {"Idempotency-Key": "answer-1"}
        first = await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", mine, ANSWER)
        again = await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", mine, ANSWER)
        assert (again.status_code, again.content, again.headers["Idempotency-Replayed"]) == (200, first.content, "true")
        assert len(await world.emitted(InquiryAnswered)) == 1
