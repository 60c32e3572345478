"""Articles that fit the text of a case at the form of its answer: inserted with their source, marked if unconfirmed, never expired ones."""

import re
from datetime import timedelta

import pytest

from routing.knowledge import repository
from routing.knowledge.codes import ArticleState
from tests.routing.desk.support import ANSWER, open_desk, session

ASKED = {
    "kk": "МРТ-ға тегін түсу үшін жолдаманы қайдан аламын?",
    "ru": "Подскажите, где взять направление на бесплатную МРТ?",
}


async def question(desk, language="ru", text=None):
    return await desk.open(kind="CONSULTATION", topic="REFERRAL", language=language, text=text or ASKED[language])


def suggested(page):
    """Return the part of the page with the suggested articles, empty without any."""
    return page.text.partition('id="suggested"')[2].partition("</details>")[0]


def sources(page):
    return re.findall(r'name="insert_article" value="([^"]+)"', suggested(page))


@pytest.mark.usefixtures("articles", "owners")
class TestSuggested:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_three_articles_come_in_the_applicants_language_the_best_first(self, desk, language):
        part = suggested(await open_desk(desk, f"/{await question(desk, language)}"))
        assert [part.count(f'data-digit="{digit}"') for digit in (1, 2, 3, 4)] == [1, 1, 1, 0]
        assert part.index('value="referral:1"') < part.index('data-digit="2"')
        assert set(re.findall(r'lang="(\w+)"', part)) == {language}

    async def test_an_unconfirmed_article_is_marked(self, desk):
        page = await open_desk(desk, f"/{await question(desk, text='Где получить больничный лист, кто его оплачивает?')}")
        part = suggested(page).partition('value="sick-leave:1"')[0]
        assert "not confirmed by the Fund" in part.rpartition('<div class="term">')[2]

    async def test_an_expired_article_is_not_suggested(self, desk):
        appeal_id = await question(desk)
        before = sources(await open_desk(desk, f"/{appeal_id}"))
        async with desk.parts.units.write() as work:
            for version in await repository.versions_in(work.session, [ArticleState.PUBLISHED]):
                if version.code == "referral":
                    content = dict(version.content) | {"valid_to": (desk.clock.now() - timedelta(days=2)).date().isoformat()}
                    await repository.change_version(
                        work.session, version.article_id, version.number, content=content, changed_at=desk.clock.now()
                    )
        after = sources(await open_desk(desk, f"/{appeal_id}"))
        assert "referral:1" in before
        assert "referral:1" not in after

    async def test_without_a_text_nothing_is_suggested(self, desk):
        assert sources(await open_desk(desk, f"/{await desk.open(kind='CONSULTATION', topic='REFERRAL', text=None)}")) == []

    async def test_the_source_is_recorded_with_the_answer(self, desk):
        appeal_id = await question(desk)
        path = f"/routing/desk/{appeal_id}/texts"
        sent = {"language": "ru", "text": "Здравствуйте!", "expected_draft_version": "0"}
        inserted = await desk.client.post(path, headers=session(desk), data=sent | {"insert_article": "referral:1"})
        text = inserted.text.split('id="f-text"')[1].split("</textarea>")[0].partition(">")[2].strip()
        assert text.startswith("Здравствуйте!\n\n")
        assert 'name="sources" value="referral:1"' in inserted.text
        assert 'name="sources" value="referral:1"' in (await open_desk(desk, f"/{appeal_id}")).text, "the draft has it too"
        given = {"language": "ru", "text": text, "sources": "referral:1 referral:1 ../x:2"}
        done = await desk.client.post(
            f"/routing/desk/{appeal_id}/answer", headers=session(desk), data=given | {"expected_version": "1", "hold_seconds": "0"}
        )
        assert done.status_code == 303
        assert (await desk.case(appeal_id))["answer"]["sources"] == [{"article": "referral", "version": 1}]
        assert "referral, version 1" in (await open_desk(desk, f"/{appeal_id}")).text

    async def test_an_article_that_is_not_offered_is_not_inserted(self, desk):
        appeal_id = await question(desk)
        path = f"/routing/desk/{appeal_id}/texts"
        page = await desk.client.post(path, headers=session(desk), data=ANSWER | {"expected_draft_version": "0", "insert_article": "no:7"})
        assert 'name="sources" value=""' in page.text


@pytest.mark.usefixtures("articles", "owners")
class TestShownBeforeFiling:
    async def test_the_questions_of_the_articles_are_named_in_the_readers_language(self, desk, owners):
        async with desk.parts.units.read() as work:
            found = {each.code: each.article_id for each in await repository.all_versions(work.session)}
        owners.sent = {"shown_articles": [str(found["referral"]), str(found["diagnostics"])]}
        page = (await open_desk(desk, f"/{await desk.open(kind='CONSULTATION', topic='REFERRAL')}")).text
        line = page.partition("Shown before filing: ")[2].partition("</p>")[0]
        assert len(line.split("; ")) == 2

    async def test_without_them_there_is_no_line(self, desk):
        assert "Shown before filing" not in (await open_desk(desk, f"/{await desk.open(kind='CONSULTATION', topic='REFERRAL')}")).text


@pytest.mark.usefixtures("articles", "owners")
class TestKeepers:
    async def test_keepers_see_that_articles_expire(self, desk):
        assert "expire soon" not in (await open_desk(desk, who=session(desk, "supervisor"))).text
        desk.clock.advance(timedelta(days=290))
        page = (await open_desk(desk, who=session(desk, "supervisor"))).text
        assert re.search(r"\d+ ready answers (expire soon|have expired)", page)
        assert 'href="/routing/knowledge"' in page
        assert "ready answers" not in (await open_desk(desk, who=session(desk, "specialist"))).text.partition('class="listed"')[0]
