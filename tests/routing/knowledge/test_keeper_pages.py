"""The pages on which keepers write, review, publish, retire and compare articles."""

import re
from datetime import timedelta

import pytest

from routing.knowledge.service import seeding
from shared.web.session import COOKIE

FORM = {
    "valid_from": "2026-01-01",
    "valid_to": "",
    "source": "Закон № 405-V",
    "reviewer": "",
    "confirm": "",
    "kk.question": "Қалай төлеймін?",
    "kk.answer": "Банк арқылы төлеңіз.",
    "kk.synonyms": "төлеу\nтөлем",
    "ru.question": "Как платить?",
    "ru.answer": "Через банк.",
    "ru.synonyms": "",
}


class Pages:
    """A browser without scripts, signed in as different people."""

    def __init__(self, desk) -> None:
        self.desk = desk

    def headers(self, name, role):
        token = self.desk.foundation.issuer.issue(role, subject=name, lifetime=timedelta(days=800))
        return {"Cookie": f"{COOKIE}={token}; aryz_lang=ru", "Accept": "text/html"}

    async def get(self, path="", name="aigul", role="supervisor"):
        return await self.desk.client.get(f"/routing/knowledge{path}", headers=self.headers(name, role))

    async def post(self, path="", name="aigul", role="supervisor", **fields):
        return await self.desk.client.post(f"/routing/knowledge{path}", data=fields, headers=self.headers(name, role))

    async def begin(self):
        begun = await self.post(topic="PAY_METHODS")
        assert begun.status_code == 303
        return begun.headers["location"].removeprefix("/routing/knowledge")

    async def revision(self, path):
        return re.search(r'name="expected_draft_version" value="(\d+)"', (await self.get(path)).text)[1]

    async def send(self, path, step, name="aigul", **changed):
        fields = FORM | {"expected_draft_version": await self.revision(path)} | changed
        return await self.post(f"{path}/{step}", name, **fields)

    async def published(self):
        path = await self.begin()
        assert (await self.send(path, "submit")).status_code == 303
        done = await self.post(f"{path}/publish", "berik", expected_draft_version=await self.revision(path), reviewer="Юрист Фонда")
        assert done.headers["location"].endswith("flash=publish")
        return path


@pytest.fixture
def pages(desk):
    return Pages(desk)


class TestList:
    async def test_it_shows_the_expired_first_and_names_what_needs_the_keeper(self, pages, articles, desk):  # noqa: ARG002
        assert "срок истёк" not in (await pages.get()).text
        desk.clock.advance(timedelta(days=365))
        shown = (await pages.get()).text
        assert shown.count("срок истёк: не предлагается") == 3
        assert shown.count("видят только сотрудники") == 8
        assert shown.index("срок истёк") < shown.index("не подтверждена") < shown.index("pay-methods")

    async def test_it_names_topics_without_a_ready_answer(self, pages):
        assert "Способы и порядок уплаты взносов" in (await pages.get()).text.split("Требуют внимания")[0]

    async def test_an_article_without_a_subject_is_asked_for_it(self, pages):
        refused = await pages.post(topic="", category="")
        assert refused.status_code == 422
        assert "Выберите тему, категорию жалоб" in refused.text

    async def test_it_is_closed_to_clerks(self, pages, desk):
        assert (await pages.get(role="specialist")).status_code == 403
        visitor = await desk.client.get("/routing/knowledge", headers={"Accept": "text/html"})
        assert visitor.headers["location"].startswith("/sign-in?next=")


class TestWriting:
    async def test_a_refused_text_comes_back_with_what_to_do_and_is_stored(self, pages):
        path = await pages.begin()
        refused = await pages.send(path, "submit", **{"ru.answer": "Платите 4 250 тенге.", "source": ""})
        assert refused.status_code == 422
        assert "Платите 4 250 тенге." in refused.text
        assert "{{self_payer_month.2026}}" in refused.text or "{{self_payer_month}}" in refused.text
        assert 'href="#f-source"' in refused.text
        assert "Платите 4 250 тенге." in (await pages.get(path)).text

    async def test_a_day_that_is_none_keeps_the_rest(self, pages):
        path = await pages.begin()
        refused = await pages.send(path, "draft", valid_from="завтра")
        assert refused.status_code == 422
        assert "Это не дата" in refused.text
        assert "Через банк." in refused.text

    async def test_a_colleagues_change_is_shown_next_to_the_own_text(self, pages):
        path = await pages.begin()
        old = await pages.revision(path)
        await pages.send(path, "draft", "berik", **{"ru.answer": "Текст коллеги."})
        refused = await pages.send(path, "draft", expected_draft_version=old, **{"ru.answer": "Мой текст."})
        assert refused.status_code == 409
        assert "Мой текст." in refused.text
        assert "Текст коллеги." in refused.text
        revision = re.search(r'name="expected_draft_version" value="(\d+)"', refused.text.split('data-draft="')[1])[1]
        saved = await pages.send(path, "draft", expected_draft_version=revision, **{"ru.answer": "Мой текст."})
        assert saved.headers["location"].endswith("flash=saved")

    async def test_a_script_saves_while_one_types(self, pages, desk):
        path = await pages.begin()
        headers = pages.headers("aigul", "supervisor") | {"Accept": "application/json"}
        fields = FORM | {"expected_draft_version": await pages.revision(path), "ru.answer": "Недопис"}
        saved = (await desk.client.post(f"/routing/knowledge{path}/draft", data=fields, headers=headers)).json()
        assert saved == {"draft_version": 2, "saved": "Сохранено в 14:15"}
        stale = (await desk.client.post(f"/routing/knowledge{path}/draft", data=fields, headers=headers)).json()
        assert stale == {"draft_version": None, "saved": ""}
        assert "Недопис" in (await pages.get(path)).text


class TestReview:
    async def test_an_author_sees_that_a_colleague_has_to_publish(self, pages):
        path = await pages.begin()
        await pages.send(path, "submit")
        assert f'action="/routing/knowledge{path}/publish"' not in (await pages.get(path)).text
        assert f'action="/routing/knowledge{path}/publish"' in (await pages.get(path, "berik")).text
        fields = {"expected_draft_version": await pages.revision(path), "reviewer": "Юрист"}
        refused = await pages.post(f"{path}/publish", **fields)
        assert refused.status_code == 403
        assert "Эту версию писали вы" in refused.text

    async def test_publishing_without_a_reviewer_is_explained(self, pages):
        path = await pages.begin()
        await pages.send(path, "submit")
        refused = await pages.post(f"{path}/publish", "berik", expected_draft_version=await pages.revision(path), reviewer=" ")
        assert refused.status_code == 422
        assert "кто сверил текст с источником" in refused.text

    async def test_a_stale_page_changes_nothing(self, pages):
        path = await pages.begin()
        await pages.send(path, "submit")
        stale = await pages.post(f"{path}/publish", "berik", expected_draft_version="1", reviewer="Юрист")
        assert stale.headers["location"].endswith("flash=article-changed")

    async def test_a_returned_version_shows_the_note(self, pages):
        path = await pages.begin()
        await pages.send(path, "submit")
        await pages.post(f"{path}/return", "berik", expected_draft_version=await pages.revision(path), note="Уточните источник.")
        assert "Уточните источник." in (await pages.get(path)).text

    async def test_versions_are_compared_and_an_article_is_retired(self, pages):
        path = await pages.published()
        await pages.send(path, "draft", **{"ru.question": "Как заплатить?"})
        compared = await pages.get(f"{path}/comparison?earlier=1&later=2")
        assert "Как платить?" in compared.text
        assert "Как заплатить?" in compared.text
        assert "Вопрос на русском" in compared.text
        assert (await pages.get(f"{path}/comparison?earlier=1&later=x")).status_code == 404
        retired = await pages.post(f"{path}/retire", expected_draft_version=await pages.revision(path))
        assert retired.headers["location"].endswith("flash=retire")

    async def test_an_unknown_action_and_another_site_are_refused(self, pages, desk):
        path = await pages.begin()
        assert (await pages.post(f"{path}/burn")).status_code == 404
        headers = pages.headers("aigul", "supervisor") | {"Sec-Fetch-Site": "cross-site"}
        crossed = await desk.client.post(f"/routing/knowledge{path}/discard", data={}, headers=headers)
        assert crossed.status_code == 403

    async def test_an_article_of_the_file_opens(self, pages, articles):  # noqa: ARG002
        shown = await pages.get(f"/{seeding.id_of('pay-debt-gaps')}")
        assert "51\u00a0000\u00a0тенге" in shown.text
        assert "Должен подтвердить Фонд или юрист" in shown.text
