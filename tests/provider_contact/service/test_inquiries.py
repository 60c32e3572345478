from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provider_contact.models import Appeal, ContentRead, Delivery, Inquiry, Response
from provider_contact.service.inquiries import OVERDUE_AT_ONCE, addressee, mark_overdue
from shared.contracts import InquiryAcknowledged, InquiryAnswered, InquiryOverdue, InquirySent
from shared.domain.taxonomy import taxonomy
from tests.provider_contact.conftest import NOW, appeal_id, closed, corrected, registered, routed

PROVIDER, OTHER = UUID(int=501), UUID(int=502)
ANSWER = {"expected_version": 1, "language": "kk", "code": "RESOLVED", "text": "Құпия жауап: пациент қабылданды."}


def appeal(**changed):
    values = {
        "appeal_id": appeal_id(1), "number": "2026-43-0000001-0", "region": "KZ-43", "tier": 2, "kind": "COMPLAINT", "category": "WAITING",
        "provider_id": PROVIDER, "discloses": False, "received_at": NOW, "closed": False,
    }  # fmt: skip
    return Appeal(**values | changed)


async def sent(world, number=1, *, discloses=True, provider_id=PROVIDER, **changed):
    """An inquiry about an appeal, as the provider lists it."""
    region = changed.get("region", "KZ-43")
    await world.tell(registered(number, provider_id=provider_id, discloses_to_provider=discloses, region=region))
    await world.tell(routed(number, **changed))
    return (await world.emitted(InquirySent))[-1].inquiry_id


class TestAddressee:
    @pytest.mark.parametrize("category", taxonomy().categories.values(), ids=lambda category: category.code)
    def test_only_categories_that_may_go_to_the_provider_first_do(self, category):
        expected = (PROVIDER, category.code) if category.spp_first else None
        assert addressee(appeal(category=category.code)) == expected

    @pytest.mark.parametrize("kind", taxonomy().kinds)
    def test_only_complaints_do(self, kind):
        assert (addressee(appeal(kind=kind)) is not None) == (kind == "COMPLAINT")

    @pytest.mark.parametrize(
        "changed", [{"provider_id": None}, {"closed": True}, {"category": None}, {"kind": None}, {"category": "LATER_CODE"}]
    )
    def test_nobody_is_asked_where_something_is_missing(self, changed):
        assert addressee(appeal(**changed)) is None

    @pytest.mark.parametrize("discloses", [True, False])
    def test_consent_does_not_decide_whether(self, discloses):
        assert addressee(appeal(discloses=discloses)) == (PROVIDER, "WAITING")


class TestDueDate:
    @pytest.mark.parametrize(
        ("asked", "due"),
        [
            (datetime(2026, 2, 5, 6, tzinfo=UTC), datetime(2026, 2, 10, 18, 59, 59, tzinfo=UTC)),  # Thursday to Tuesday
            (datetime(2026, 2, 5, 19, 30, tzinfo=UTC), datetime(2026, 2, 11, 18, 59, 59, tzinfo=UTC)),  # already Friday in Qyzylorda
            (datetime(2026, 3, 19, 6, tzinfo=UTC), datetime(2026, 3, 27, 18, 59, 59, tzinfo=UTC)),  # over Nauryz
        ],
    )
    async def test_it_is_three_working_days_after_the_local_day_of_the_request(self, world, asked, due):
        world.clock.set(asked)
        await sent(world)
        assert (await world.rows(Inquiry))[0].due_at == due


class TestList:
    async def test_a_provider_sees_its_own_and_no_others(self, world):
        await sent(world, 1)
        await sent(world, 2, provider_id=OTHER)
        answer = (await world.get("/v1/inquiries", world.token("provider", provider_id=PROVIDER))).json()
        assert ([item["appeal_id"] for item in answer["items"]], answer["total"]) == ([str(appeal_id(1))], 1)

    async def test_filters_narrow_and_never_widen(self, world):
        await sent(world, 1)
        await sent(world, 2, provider_id=OTHER)
        mine = world.token("provider", provider_id=PROVIDER)
        assert (await world.get("/v1/inquiries", mine, provider_id=str(OTHER))).json()["total"] == 0
        assert (await world.get("/v1/inquiries", mine, status="DELIVERED", region="KZ-43", overdue=False)).json()["total"] == 1
        for nothing in ({"status": "RESPONDED"}, {"region": "KZ-75"}, {"overdue": True}):
            assert (await world.get("/v1/inquiries", mine, **nothing)).json()["total"] == 0

    async def test_what_awaits_the_provider_comes_first_and_pages_follow_one_another(self, world):
        for number in range(1, 6):
            await sent(world, number)
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
        await world.tell(*(registered(number, region=place, provider_id=asked) for number, (place, _, asked) in numbered))
        await world.tell(*(routed(number, region=place, tier=tier) for number, (place, tier, _) in numbered))

        def sees(inquiry, place, tier):
            if role == "provider":
                return provider_id is not None and inquiry.provider_id == provider_id
            if role == "expert":
                return tier == 3
            return role == "admin" or (role == "operator" and region is None) or (region is not None and place == region)

        appeals = {one.appeal_id: one for one in await world.rows(Appeal)}
        inquiries = await world.rows(Inquiry)
        expected = {str(one.inquiry_id) for one in inquiries if sees(one, appeals[one.appeal_id].region, appeals[one.appeal_id].tier)}
        token = world.token(role, region=region, provider_id=provider_id, subject="тексеруші")
        answer = (await world.get("/v1/inquiries", token, limit=200)).json()
        assert answer["total"] == len(expected)
        assert {item["inquiry_id"] for item in answer["items"]} <= expected
        assert len(answer["items"]) == min(len(expected), 200)
        for one in inquiries[-3:]:
            status = (await world.get(f"/v1/inquiries/{one.inquiry_id}", token)).status_code
            assert status == (200 if str(one.inquiry_id) in expected else 404)


class TestDetail:
    async def test_with_consent_the_provider_reads_the_words_from_their_owner(self, world):
        inquiry_id = await sent(world)
        world.intake.discloses(1, "Дәрігер қабылдамады")
        shown = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("provider", provider_id=PROVIDER, subject="тіркеуші"))).json()
        assert shown["text"] == "Дәрігер қабылдамады"
        assert shown["applicant"] == {"full_name": "Сынақ Азамат"}
        assert "Медициналық көмекті ұзақ күту" in shown["question"]["kk"]
        assert (world.intake.asked[-1].purpose, world.intake.asked[-1].on_behalf_of) == ("provider-disclosure", "тіркеуші")

    async def test_without_consent_nothing_is_even_asked_for(self, world):
        inquiry_id = await sent(world, discloses=False)
        world.intake.discloses(1, "Дәрігер қабылдамады")
        shown = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("provider", provider_id=PROVIDER))).json()
        assert (shown["text"], shown["applicant"], shown["discloses"]) == (None, None, False)
        assert world.intake.asked == []

    async def test_staff_read_the_words_on_the_desk_not_here(self, world):
        inquiry_id = await sent(world)
        world.intake.discloses(1, "Дәрігер қабылдамады")
        shown = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("head", region="KZ-43"))).json()
        assert (shown["text"], shown["next_actions"]) == (None, [])
        assert world.intake.asked == []

    async def test_once_the_case_is_closed_the_words_are_not_shown_any_more(self, world):
        inquiry_id = await sent(world)
        world.intake.discloses(1, "Дәрігер қабылдамады")
        await world.tell(closed(1))
        shown = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("provider", provider_id=PROVIDER))).json()
        assert (shown["closed"], shown["text"], shown["next_actions"]) == (True, None, [])

    async def test_while_the_owner_is_down_the_rest_is_shown(self, world):
        inquiry_id = await sent(world)
        world.intake.down = True
        answer = await world.get(f"/v1/inquiries/{inquiry_id}", world.token("provider", provider_id=PROVIDER))
        assert (answer.status_code, answer.json()["content_available"], answer.json()["text"]) == (200, False, None)


class TestActions:
    async def test_acknowledging_is_told_and_leaves_answering(self, world):
        inquiry_id = await sent(world)
        mine = world.token("provider", provider_id=PROVIDER)
        shown = (await world.post(f"/v1/inquiries/{inquiry_id}/actions/acknowledge", mine, {"expected_version": 1})).json()
        assert (shown["status"], shown["version"]) == ("ACKNOWLEDGED", 2)
        assert [one["action"] for one in shown["next_actions"]] == ["respond"]
        assert [one.inquiry_id for one in await world.emitted(InquiryAcknowledged)] == [inquiry_id]

    async def test_an_answer_is_told_by_its_id_and_kept_sealed(self, world):
        inquiry_id = await sent(world)
        shown = (
            await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER)
        ).json()
        assert (shown["status"], shown["next_actions"]) == ("RESPONDED", [])
        told = (await world.emitted(InquiryAnswered))[0]
        assert (told.code, told.response_id) == ("RESOLVED", (await world.rows(Response))[0].response_id)
        assert "Құпия" not in await world.every_column()

    async def test_the_fields_of_an_action_name_their_options(self, world):
        await sent(world)
        item = (await world.get("/v1/inquiries", world.token("provider", provider_id=PROVIDER))).json()["items"][0]
        respond = item["next_actions"][1]
        assert respond["kk"] == "Жауап беру"
        assert {one["name"]: one["options"] for one in respond["fields"]} == {
            "language": ["kk", "ru", "en"],
            "code": ["EXPLANATION", "RESOLVED", "REFUSED_LAWFULLY", "NOT_OUR_PATIENT", "NEEDS_TIME"],
            "text": None,
        }

    async def test_an_old_version_is_a_conflict(self, world):
        inquiry_id = await sent(world)
        mine = world.token("provider", provider_id=PROVIDER)
        await world.post(f"/v1/inquiries/{inquiry_id}/actions/acknowledge", mine, {"expected_version": 1})
        answer = await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", mine, ANSWER)
        assert (answer.status_code, answer.json()["code"], answer.json()["current_version"]) == (409, "version-conflict", 2)

    async def test_what_is_not_possible_says_what_is(self, world):
        inquiry_id = await sent(world)
        mine = world.token("provider", provider_id=PROVIDER)
        await world.post(f"/v1/inquiries/{inquiry_id}/actions/acknowledge", mine, {"expected_version": 1})
        answer = await world.post(f"/v1/inquiries/{inquiry_id}/actions/acknowledge", mine, {"expected_version": 2})
        assert (answer.status_code, answer.json()["code"]) == (409, "action-not-possible")
        assert [one["action"] for one in answer.json()["next_actions"]] == ["respond"]

    async def test_a_closed_case_takes_no_answer(self, world):
        inquiry_id = await sent(world)
        await world.tell(closed(1))
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
        inquiry_id = await sent(world)
        answer = await world.post(
            f"/v1/inquiries/{inquiry_id}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER | changed
        )
        assert answer.status_code == 422
        assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [(field, code)]

    async def test_nobody_else_answers(self, world):
        inquiry_id = await sent(world)
        path = f"/v1/inquiries/{inquiry_id}/actions/respond"
        assert (await world.post(path, world.token("provider", provider_id=OTHER), ANSWER)).status_code == 404
        assert (await world.post(path, world.token("provider"), ANSWER)).status_code == 404
        assert (await world.post(path, world.token("head", region="KZ-43"), ANSWER)).status_code == 403
        assert (await world.post(path, None, ANSWER)).status_code == 401

    async def test_a_key_sent_again_answers_as_the_first_time(self, world):
        inquiry_id = await sent(world)
        mine = world.token("provider", provider_id=PROVIDER) | {"Idempotency-Key": "answer-1"}
        first = await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", mine, ANSWER)
        again = await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", mine, ANSWER)
        assert (again.status_code, again.content, again.headers["Idempotency-Replayed"]) == (200, first.content, "true")
        assert len(await world.emitted(InquiryAnswered)) == 1


class TestDelivery:
    async def test_the_portal_has_it_at_once(self, world):
        inquiry_id = await sent(world)
        delivery = (await world.rows(Delivery))[0]
        assert (delivery.inquiry_id, delivery.channel, delivery.attempts, delivery.delivered_at) == (inquiry_id, "PORTAL", 1, NOW)


class TestMarkOverdue:
    async def test_a_late_inquiry_is_told_once(self, world):
        inquiry_id = await sent(world)
        due = (await world.rows(Inquiry))[0].due_at
        for moment, told in ((due, 0), (due + timedelta(seconds=1), 1), (due + timedelta(days=1), 1)):
            world.clock.set(moment)
            async with world.parts.database.write() as session:
                await mark_overdue(session, clock=world.clock)
            assert len(await world.emitted(InquiryOverdue)) == told
        listed = (await world.get("/v1/inquiries", world.token("admin"), overdue=True)).json()["items"]
        assert [(one["inquiry_id"], one["version"], one["overdue"]) for one in listed] == [(str(inquiry_id), 1, True)]

    async def test_an_answered_or_closed_one_is_never_late(self, world):
        first = await sent(world, 1)
        await sent(world, 2)
        await world.post(f"/v1/inquiries/{first}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER)
        await world.tell(closed(2))
        world.clock.advance(timedelta(days=30))
        async with world.parts.database.write() as session:
            assert await mark_overdue(session, clock=world.clock) == 0

    async def test_a_late_answer_is_still_an_answer(self, world):
        inquiry_id = await sent(world)
        world.clock.advance(timedelta(days=30))
        async with world.parts.database.write() as session:
            assert await mark_overdue(session, clock=world.clock) == 1
        shown = (
            await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER)
        ).json()
        assert (shown["status"], shown["overdue"]) == ("RESPONDED", True)

    async def test_many_are_told_in_portions_with_as_few_statements_as_one(self, world):
        numbers = range(1, OVERDUE_AT_ONCE + 2)
        await world.tell(*(registered(number, provider_id=PROVIDER) for number in numbers))
        await world.tell(*(routed(number) for number in numbers))
        world.clock.advance(timedelta(days=30))
        counts = []
        for expected in (OVERDUE_AT_ONCE, 1):
            world.statements.clear()
            async with world.parts.database.write() as session:
                assert await mark_overdue(session, clock=world.clock) == expected
            counts.append(len(world.statements))
        assert counts[0] == counts[1]


class TestContents:
    async def answer(self, world):
        inquiry_id = await sent(world)
        await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER)
        return (await world.rows(Response))[0].response_id

    async def test_a_service_reads_an_answer_and_the_read_is_noted(self, world):
        response_id = await self.answer(world)
        asked = {"ids": [str(response_id), str(UUID(int=999))], "purpose": "desk", "on_behalf_of": "маман"}
        answer = (await world.post("/internal/v1/contents", world.token("service", subject="routing"), asked)).json()
        assert answer["items"] == [
            {
                "id": str(response_id),
                "found": True,
                "content": {"language": "kk", "code": "RESOLVED", "text": ANSWER["text"], "at": NOW.isoformat()},
            },
            {"id": str(UUID(int=999)), "found": False, "content": None},
        ]
        noted = (await world.rows(ContentRead))[0]
        assert (noted.reader, noted.on_behalf_of, noted.purpose, noted.ids) == ("routing", "маман", "desk", asked["ids"])

    @pytest.mark.parametrize(("changed", "field"), [({"purpose": "curiosity"}, "purpose"), ({"on_behalf_of": None}, "on_behalf_of")])
    async def test_a_purpose_must_be_known_and_complete(self, world, changed, field):
        asked = {"ids": [str(await self.answer(world))], "purpose": "desk", "on_behalf_of": "маман"} | changed
        answer = await world.post("/internal/v1/contents", world.token("service", subject="routing"), asked)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
        assert await world.rows(ContentRead) == []

    @pytest.mark.parametrize("role", ["admin", "head", "provider", "applicant"])
    async def test_people_do_not_read_here(self, world, role):
        assert (await world.post("/internal/v1/contents", world.token(role), {"ids": [], "purpose": "desk"})).status_code == 403


class TestCorrections:
    async def test_an_inquiry_is_sent_once_an_appeal(self, world):
        await sent(world)
        await world.tell(corrected(1, category="ETHICS"))
        assert len(await world.emitted(InquirySent)) == 1
