"""Published articles beside a call: found while the question is written down, closed by one of them, or noted with the appeal."""

from datetime import timedelta
from uuid import uuid4

import pytest

from intake.register.models import Appeal
from intake.suggestions.models import SelfService, ShownArticles
from shared.contracts import QuestionSelfServed
from shared.messaging.tables import outbox
from tests.intake.channels.phone.test_api import send
from tests.intake.channels.phone.test_pages import TALKING, WRITTEN, Screen, over, registered
from tests.intake.register.test_handlers import apply
from tests.intake.suggestions.articles import CANARY, QUESTION, QUESTION_RU, article, retired

ANSWER = "Направление даёт врач поликлиники прикрепления."
ANSWER_KK = "Жолдаманы тіркелген емхананың дәрігері береді."
ARTICLE = str(article().article_id)
ASKED = {"service": "CONSULTATION", "topic": "REFERRAL", "region": "KZ-43", "text": QUESTION_RU}


@pytest.fixture
async def screen(desk):
    await apply(desk, article())
    return Screen(desk)


async def cards(screen, text=QUESTION_RU, service="CONSULTATION", language="ru"):
    answer = await screen.post("suggestions", text=text, service=service, **{"quick.language": language})
    assert answer.status_code == 200
    return answer.text


class TestOffer:
    @pytest.mark.parametrize(("language", "text", "body"), [("kk", QUESTION, ANSWER_KK), ("ru", QUESTION_RU, ANSWER)])
    async def test_an_article_comes_in_the_language_of_the_talk(self, screen, language, text, body):
        found = await cards(screen, text, language=language)
        assert body in found
        assert f'value="{ARTICLE}"' in found

    async def test_at_most_three_are_offered_each_with_its_key(self, desk, screen):
        await apply(desk, *(article(number) for number in range(2, 7)))
        found = await cards(screen)
        assert [found.count(f'data-key="Key{letter}"') for letter in "QWE"] == [1, 1, 1]
        assert found.count("<details") == 3

    @pytest.mark.parametrize("service", ["COMPLAINT", "REPORT"])
    @pytest.mark.parametrize("text", [QUESTION, QUESTION_RU])
    async def test_a_complaint_with_the_same_words_is_offered_nothing(self, screen, service, text):
        assert "<details" not in await cards(screen, text, service)

    @pytest.mark.parametrize(
        "text", ["Мама потеряла сознание и не дышит, где взять направление?", "Врач требует взятку за направление на МРТ, где его взять?"]
    )
    async def test_danger_and_protected_matters_are_offered_nothing(self, screen, text):
        assert "<details" not in await cards(screen, text)

    @pytest.mark.parametrize("role", ["specialist", "applicant", "admin"])
    async def test_other_roles_are_refused(self, desk, role):
        other = Screen(desk, "somebody", role)
        assert (await other.post("suggestions", text=QUESTION)).status_code == 403
        assert (await other.post("answered", article_id=ARTICLE)).status_code == 403

    async def test_without_scripts_a_button_shows_them_with_what_was_written(self, desk, screen):
        page = (await screen.post("register", step="suggest", **ASKED)).text
        assert ANSWER in page
        assert QUESTION_RU.replace("'", "&#39;") in page
        assert f'name="shown" value="{ARTICLE}"' in page
        assert await desk.rows(Appeal) == []

    async def test_the_button_says_so_if_nothing_fits(self, desk, screen):
        await apply(desk, retired())
        assert "Подходящего готового ответа нет" in (await screen.post("register", step="suggest", **ASKED)).text

    async def test_nothing_is_stored_of_the_text(self, screen, tmp_path):
        await cards(screen, f"{QUESTION_RU} {CANARY}")
        assert [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()] == []


class TestAnswered:
    async def test_it_closes_the_question_once_on_the_topic_of_the_article(self, desk, screen):
        await send(desk, TALKING)
        sent = {"key": str(uuid4()), "call": await screen.call(), "article_id": ARTICLE, "quick.region": "KZ-43", "quick.language": "kk"}
        for _ in range(2):
            assert (await screen.post("answered", **sent)).headers["location"] == "/intake/call"
        assert await registered(desk) == []
        await over(desk)
        [appeal] = await registered(desk)
        assert (appeal.kind, appeal.topic, appeal.region, appeal.has_text) == ("CONSULTATION", "REFERRAL", "KZ-43", False)
        assert appeal.resolved_in_contact
        assert await desk.rows(SelfService) == []
        async with desk.parts.database.read() as session:
            assert (await session.execute(outbox.select().where(outbox.c.type == QuestionSelfServed.TYPE))).all() == []

    async def test_the_region_is_asked_for(self, desk, screen):
        refused = await screen.post("answered", article_id=ARTICLE, key=str(uuid4()), **{"quick.region": ""})
        assert refused.status_code == 422
        assert ANSWER in refused.text
        await over(desk)
        assert await registered(desk) == []

    @pytest.mark.parametrize("article_id", ["00000000-0000-4000-8000-00000000dead", "", "x"])
    async def test_an_article_that_is_gone_closes_nothing(self, desk, screen, article_id):
        gone = await screen.post("answered", article_id=article_id, **{"quick.region": "KZ-43"})
        assert gone.headers["location"].endswith("flash=article-gone")
        await over(desk)
        assert await registered(desk) == []


class TestRegisteredAnyway:
    async def test_what_was_shown_is_noted_with_the_appeal(self, desk, screen):
        given = ASKED | {"consents.PROCESSING": "yes", "language": "ru", "shown": ARTICLE, "key": str(uuid4())}
        read = await screen.post("register", step="check", **given)
        assert f'name="shown" value="{ARTICLE}"' in read.text
        assert (await screen.post("register", step="send", confirmed="yes", **given)).status_code == 201
        [appeal] = await desk.rows(Appeal)
        [shown] = await desk.rows(ShownArticles)
        assert (shown.appeal_id, shown.article_ids) == (appeal.id, [ARTICLE])

    async def test_without_articles_nothing_is_noted(self, desk, screen):
        assert (await screen.post("register", step="send", confirmed="yes", key=str(uuid4()), **WRITTEN)).status_code == 201
        assert await desk.rows(ShownArticles) == []

    async def test_the_searches_of_an_operator_are_limited(self, start, tmp_path):
        async with start(tmp_path, previews_per_minute=2) as desk:
            screen = Screen(desk)
            answers = [(await screen.post("suggestions", text=QUESTION, service="CONSULTATION")).status_code for _ in range(3)]
            desk.clock.advance(timedelta(minutes=1))
            answers.append((await screen.post("suggestions", text=QUESTION, service="CONSULTATION")).status_code)
        assert answers == [200, 200, 429, 200]
