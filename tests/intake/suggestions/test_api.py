"""Articles are offered for questions alone, and a question that one answered is counted once, without its text."""

import json
import time
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from intake.suggestions import service
from intake.suggestions.models import Article, SelfService
from shared.contracts import QuestionSelfServed
from shared.language.protected import protected_subjects
from shared.messaging.tables import outbox
from tests.intake.register.test_handlers import apply
from tests.intake.suggestions.articles import CANARY, QUESTION, QUESTION_RU, article, retired

URL = "/intake/v1/suggestions"
REGIONS = ("KZ-43", "KZ-75", "KZ-71", "KZ-47", "KZ-10")
COMPLAINT = "МРТ-ға жолдама бермейді, дәрігер дөрекі сөйлеп, қабылдаудан қуып шықты, шара қолдануыңызды талап етемін"


@pytest.fixture
async def published(desk):
    """A desk whose replica has one article."""
    await apply(desk, article())
    return desk


async def shown(desk):
    """Return a list of articles with its ticket."""
    return (await desk.client.post(URL, json={"text": QUESTION, "language": "kk", "kind": "CONSULTATION"})).json()


async def suggested(desk, text=QUESTION, *, kind="CONSULTATION", language="kk"):
    answer = await desk.client.post(URL, json={"text": text, "language": language, "kind": kind})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def report(desk, headers=None, **changes):
    given = {"article_id": str(UUID(int=7001)), "channel": "APP", "region": "KZ-43", "language": "kk"} | changes
    return await desk.client.post("/intake/v1/self-service", json=given, headers=headers)


async def events(desk):
    async with desk.parts.database.read() as session:
        rows = (await session.execute(outbox.select().where(outbox.c.type == QuestionSelfServed.TYPE))).all()
    return [json.loads(row.value) for row in rows]


class TestReplica:
    async def test_a_published_article_is_offered_and_a_newer_text_replaces_it(self, published):
        assert [each["title"] for each in await suggested(published)] == ["Жолдаманы қалай аламын?"]
        newer = {"kk": "Жолдама қайда беріледі?", "ru": "Где дают направление?"}
        await apply(published, article(questions=newer, published_at="2026-01-20T05:00:00Z"))
        assert [each["title"] for each in await suggested(published, QUESTION_RU, language="ru")] == ["Где дают направление?"]

    async def test_a_retired_article_is_offered_no_more(self, published):
        await apply(published, retired())
        assert await suggested(published) == []
        assert await published.rows(Article) == []

    @pytest.mark.parametrize("days", [{"valid_to": date(2026, 2, 1)}, {"valid_from": date(2026, 2, 3)}])
    async def test_only_what_is_valid_today_is_offered(self, desk, days):
        await apply(desk, article(**days))
        assert await suggested(desk) == []

    async def test_an_article_about_a_complaint_is_never_offered(self, desk):
        await apply(desk, article(topic=None, category="REFUSAL_APPOINTMENT"))
        assert await suggested(desk) == []


class TestSuggest:
    async def test_an_article_comes_in_the_language_asked_for_with_its_source(self, published):
        [item] = await suggested(published, QUESTION_RU, language="ru")
        assert (item["article_id"], item["topic"]) == (str(UUID(int=7001)), "REFERRAL")
        assert (item["body"], item["source"]) == ("Направление даёт врач поликлиники прикрепления.", "a test")
        assert item["valid_from"] == "2026-01-01"

    async def test_at_most_three_are_offered(self, desk):
        await apply(desk, *(article(number) for number in range(1, 7)))
        assert len(await suggested(desk)) == 3

    @pytest.mark.parametrize("kind", ["COMPLAINT", "REPORT", "REQUEST", "GRATITUDE"])
    async def test_the_same_words_as_anything_but_a_question_get_none(self, published, kind):
        assert await suggested(published, kind="CONSULTATION")
        assert await suggested(published, kind=kind) == []

    async def test_a_complaint_whose_kind_is_not_chosen_gets_none(self, published):
        assert await suggested(published, kind=None)
        assert await suggested(published, COMPLAINT, kind=None) == []

    @pytest.mark.parametrize("text", ["Анам есінен танып қалды, дем алмай жатыр, жолдама қайдан аламын?", "МРТ"])
    async def test_danger_and_what_has_just_been_begun_get_none(self, published, text):
        assert await suggested(published, text) == []

    @pytest.mark.parametrize(
        "text",
        [
            "Где взять направление на МРТ? Врач вымогает за него деньги.",
            "МРТ-ға жолдаманы қайдан аламын, дәрігер жолдама үшін пара сұрады?",
        ],
    )
    async def test_a_protected_subject_gets_none_though_it_is_called_a_question(self, published, text):
        assert protected_subjects(text)
        assert await suggested(published, text) == []

    async def test_the_calls_of_an_address_are_limited(self, start, tmp_path):
        async with start(tmp_path, previews_per_minute=2) as desk:
            answers = [(await desk.client.post(URL, json={"text": QUESTION})).status_code for _ in range(3)]
        assert answers == [200, 200, 429]

    async def test_a_suggestion_takes_less_than_20_ms_of_the_processor(self, desk):
        await apply(desk, *(article(number) for number in range(1, 61)))
        await suggested(desk)
        taken = []
        for number in range(40):
            before = time.process_time()
            await suggested(desk, f"{QUESTION} {QUESTION_RU} {number}")
            taken.append(time.process_time() - before)
        assert sorted(taken)[37] < 0.020

    async def test_nothing_is_stored_of_the_text(self, published, tmp_path):
        assert await suggested(published, f"{QUESTION} {CANARY}")
        assert (await report(published)).status_code == 202
        found = [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
        assert found == []


class TestSelfService:
    async def test_a_question_is_published_without_text_and_sender(self, published):
        assert (await report(published)).status_code == 202
        [event] = await events(published)
        assert event.keys() == QuestionSelfServed.model_fields.keys()
        assert (event["article_id"], event["topic"], event["channel"]) == (str(UUID(int=7001)), "REFERRAL", "APP")
        assert (event["region"], event["language"]) == ("KZ-43", "kk")

    async def test_it_counts_once_under_one_key_and_once_for_one_person(self, published):
        key = {"Idempotency-Key": str(uuid4())}
        answers = [await report(published, key) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        me = published.token("applicant", subject="991231501014")
        for _ in range(2):
            await report(published, me)
        assert len(await events(published)) == len(await published.rows(SelfService)) == 2

    async def test_a_stranger_with_fresh_keys_counts_once_for_an_article_and_a_day(self, published):
        for number in range(5):
            assert (await report(published, {"Idempotency-Key": str(uuid4())}, region=REGIONS[number])).status_code == 202
        assert len(await events(published)) == 1
        published.clock.advance(timedelta(days=1))
        await report(published)
        assert len(await events(published)) == 2

    async def test_a_list_that_was_shown_counts_once_whoever_reports_it(self, desk):
        await apply(desk, article(1), article(2))
        tickets = [(await shown(desk))["ticket"] for _ in range(2)]
        for ticket in (*tickets, *tickets):
            for number in (1, 2):
                key = {"Idempotency-Key": str(uuid4())}
                assert (await report(desk, key, ticket=ticket, article_id=str(UUID(int=7000 + number)))).status_code == 202
        assert len(await events(desk)) == 2

    async def test_a_ticket_that_was_not_made_here_or_is_old_counts_as_none(self, published):
        ticket = (await shown(published))["ticket"]
        forged = [f"{uuid4()}.{ticket.partition('.')[2]}", f"{ticket[:-1]}{'0' if ticket[-1] != '0' else '1'}", "x", f"{uuid4()}.", "é.é"]
        for other in forged:
            assert (await report(published, {"Idempotency-Key": str(uuid4())}, ticket=other)).status_code == 202
        assert len(await events(published)) == 1
        published.clock.advance(timedelta(days=2))
        for _ in range(2):
            await report(published, {"Idempotency-Key": str(uuid4())}, ticket=ticket)
        assert len(await events(published)) == 2, "once for the address"

    async def test_a_citizen_counts_once_however_many_lists_they_were_shown(self, published):
        me = published.token("applicant", subject="991231501014")
        for _ in range(3):
            await report(published, me, ticket=(await shown(published))["ticket"])
        assert len(await events(published)) == 1

    async def test_an_empty_list_has_no_ticket(self, desk):
        assert await shown(desk) == {"items": [], "ticket": None}

    async def test_the_reports_of_an_address_are_limited(self, start, tmp_path):
        async with start(tmp_path, self_service_per_minute=2) as desk:
            await apply(desk, article())
            answers = [(await report(desk, ticket=(await shown(desk))["ticket"])).status_code for _ in range(3)]
            assert len(await events(desk)) == 2
        assert answers == [202, 202, 429]

    async def test_a_page_thanks_whoever_is_over_the_limit_and_does_not_count(self, start, tmp_path):
        async with start(tmp_path, self_service_per_minute=2) as desk:
            await apply(desk, article())
            for _ in range(3):
                sent = {"article_id": str(UUID(int=7001)), "ticket": (await shown(desk))["ticket"]}
                assert (await desk.client.post("/intake/answered", data=sent)).status_code == 200
            assert len(await events(desk)) == 2

    @pytest.mark.parametrize(
        "wrong", [{"article_id": str(uuid4())}, {"channel": "PIGEON"}, {"region": "KZ-99"}, {"helped": False}, {"text": "сұрақ"}]
    )
    async def test_what_is_unknown_and_any_text_is_refused(self, published, wrong):
        assert (await report(published, **wrong)).status_code == 422
        assert await events(published) == []

    async def test_marks_of_answered_questions_are_deleted_by_age(self, published):
        await report(published)
        published.clock.advance(timedelta(days=9))
        async with published.parts.units.write() as work:
            await service.purge(work)
        assert await published.rows(SelfService) == []


class TestShownBefore:
    async def test_the_desk_reads_which_articles_were_shown_before_filing(self, desk):
        appeal_id = UUID((await desk.file()).json()["appeal_id"])
        async with desk.parts.units.write() as work:
            await service.note_shown(work, appeal_id, [UUID(int=7001), UUID(int=7002)])
        other = UUID((await desk.file()).json()["appeal_id"])
        for purpose in ("desk-text", "desk"):
            asked = {"ids": [str(appeal_id), str(other)], "purpose": purpose, "on_behalf_of": "clerk-1", "role": "specialist"}
            answer = await desk.client.post("/intake/internal/v1/contents", json=asked, headers=desk.token("service", subject="routing"))
            shown, none = (each["content"]["shown_articles"] for each in answer.json()["items"])
            assert (shown, none) == ([str(UUID(int=7001)), str(UUID(int=7002))], [])
