"""A question is answered before it is filed, in a real browser: counted once, and nothing stored of its text."""

import json

import pytest

from intake.register.models import Appeal
from intake.suggestions.models import SelfService, ShownArticles
from shared.contracts import QuestionSelfServed
from shared.messaging.tables import outbox
from tests.browser.conftest import submit, turn_screen
from tests.intake.conftest import running
from tests.intake.register.test_handlers import apply
from tests.intake.suggestions.articles import CANARY, QUESTION, QUESTION_RU, article

pytestmark = pytest.mark.browser
ASKED = {"kk": QUESTION, "ru": QUESTION_RU}
TITLES = {"kk": "Жолдаманы қалай аламын?", "ru": "Как получить направление?"}
THANKS = {"kk": "Жауап табылғанына қуаныштымыз", "ru": "Рады, что ответ нашёлся"}


@pytest.fixture
async def desk(engine, tmp_path, serve):
    async with running(engine, tmp_path) as desk:
        await apply(desk, article())

        async def http_only(scope, receive, send):
            assert scope["type"] == "http"  # the service lives already; the server must not start it again
            await desk.app(scope, receive, send)

        desk.url = await serve(http_only)
        yield desk


async def ask(page, text, kind="CONSULTATION"):
    """Fill the form up to the text, which is typed at last."""
    await page.check(f'[name="kind"][value="{kind}"]')
    await turn_screen(page)
    await page.select_option("#f-region", "KZ-43")
    await turn_screen(page)
    await page.fill("#f-text", text)


async def published(desk):
    async with desk.parts.database.read() as session:
        rows = (await session.execute(outbox.select().where(outbox.c.type == QuestionSelfServed.TYPE))).all()
    return [json.loads(row.value) for row in rows]


def files_with(folder, text):
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.parametrize("language", ["kk", "ru"])
async def test_a_question_is_answered_while_it_is_typed_and_nothing_is_filed(desk, visit, serious, tmp_path, language):
    page = await visit(desk.url + "/intake/", width=390, cookies={"aryz_lang": language})
    await ask(page, f"{ASKED[language]} {CANARY}")
    offered = page.locator("[data-suggestions] details")
    await offered.first.wait_for()
    assert await offered.locator("summary").all_inner_texts() == [TITLES[language]]
    await offered.first.locator("summary").click()
    assert await serious(page) == []
    await submit(page, "[data-suggestions] details button")
    assert await page.locator("h1").inner_text() == THANKS[language]
    assert await serious(page) == []
    assert CANARY not in page.url
    [event] = await published(desk)
    assert (event["channel"], event["region"], event["language"], event["topic"]) == ("WEB", "KZ-43", language, "REFERRAL")
    assert len(await desk.rows(SelfService)) == 1
    assert await desk.rows(Appeal) == []
    assert files_with(tmp_path, CANARY) == []


@pytest.mark.parametrize("language", ["kk", "ru"])
async def test_without_scripts_the_page_to_check_the_question_shows_the_answer(desk, visit, tmp_path, language):
    page = await visit(desk.url + "/intake/", width=390, javascript=False, cookies={"aryz_lang": language})
    await ask(page, f"{ASKED[language]} {CANARY}")
    await submit(page, 'button[value="preview"]')
    assert await page.locator("details.suggestion summary").all_inner_texts() == [TITLES[language]]
    await page.locator("details.suggestion summary").first.click()
    await submit(page, "details.suggestion button")
    assert await page.locator("h1").inner_text() == THANKS[language]
    await page.reload()
    assert len(await published(desk)) == 1
    assert files_with(tmp_path, CANARY) == []


async def test_who_goes_on_files_the_question_and_what_was_shown_is_noted(desk, visit):
    page = await visit(desk.url + "/intake/", cookies={"aryz_lang": "kk"})
    await ask(page, QUESTION)
    await page.locator("[data-suggestions] details").first.wait_for()
    await submit(page, 'button[value="preview"]')
    await submit(page, 'button[value="send"]')
    (appeal,) = await desk.rows(Appeal)
    (shown,) = await desk.rows(ShownArticles)
    assert (shown.appeal_id, shown.article_ids) == (appeal.id, [str(article().article_id)])
    assert await published(desk) == []


@pytest.mark.parametrize("language", ["kk", "ru"])
async def test_a_complaint_with_the_same_words_is_offered_nothing(desk, visit, language):
    page = await visit(desk.url + "/intake/", cookies={"aryz_lang": language})
    async with page.expect_response("**/intake/v1/suggestions") as answered:
        await ask(page, ASKED[language], kind="COMPLAINT")
    assert await (await answered.value).json() == {"items": [], "ticket": None}
    assert await page.locator("[data-suggestions]").is_hidden()
    await submit(page, 'button[value="preview"]')
    assert await page.locator("details.suggestion").count() == 0
