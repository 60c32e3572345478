"""The articles of the file come into the database once; what people wrote is never overwritten."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from routing.knowledge.codes import ArticleAction, ArticleState
from routing.knowledge.policy import article_seeds
from routing.knowledge.repository import versions_of
from routing.knowledge.schemas import ArticleCommand, SaveArticle
from routing.knowledge.service import attention_counts, keeping, local_day, seed, seeding
from shared.auth import Principal

KEEPER = Principal("keeper", "issuer", frozenset({"supervisor"}))
PAY_METHODS = seeding.id_of("pay-methods")
FOREIGNERS = seeding.id_of("foreigners")
DAYS_TO_THE_NEXT_YEAR = 365


@pytest.fixture
def run(desk):
    async def seeded():
        async with desk.parts.units.write() as work:
            await seed(work)

    return seeded


@pytest.fixture
def versions(desk):
    async def of(article_id):
        async with desk.parts.units.read() as work:
            return await versions_of(work.session, article_id)

    return of


@pytest.fixture
def file_with(monkeypatch):
    """The file says something else of an article."""

    def change(code, **changed):
        found = tuple(replace(each, **changed) if each.code == code else each for each in article_seeds())
        monkeypatch.setattr(seeding, "article_seeds", lambda: found)

    return change


class TestSeeding:
    async def test_confirmed_articles_are_published_and_the_others_wait_for_their_review(self, desk, run, versions):
        await run()
        facts = [json.loads(value) for fact, value in await desk.emitted() if fact == "article-published"]
        assert len(facts) == len({fact["article_id"] for fact in facts}) == 44
        article = next(fact for fact in facts if fact["code"] == "pay-rates")
        assert article["version"] == 1
        assert "4\u00a0250\u00a0теңге" in article["answers"]["kk"]
        assert article["valid_to"] == "2026-12-31"
        assert article["synonyms"]["ru"]
        (waiting,) = await versions(FOREIGNERS)
        assert (waiting.state, waiting.published_at) == (ArticleState.IN_REVIEW, None)

    async def test_a_second_start_changes_nothing(self, desk, run, versions):
        await run()
        before, first = await desk.emitted(), await versions(PAY_METHODS)
        await run()
        assert await desk.emitted() == before
        assert await versions(PAY_METHODS) == first

    async def test_what_a_person_changed_stays_whatever_the_file_says(self, desk, run, versions, file_with):
        await run()
        async with desk.parts.units.write() as work:
            content = (await versions_of(work.session, PAY_METHODS))[0].content
            await keeping.save_draft(work, KEEPER, PAY_METHODS, SaveArticle.model_validate(content | {"expected_revision": 1}))
        before = await desk.emitted()
        file_with("pay-methods", source="another source")
        await run()
        assert [(version.number, version.state) for version in await versions(PAY_METHODS)] == [
            (2, ArticleState.DRAFT),
            (1, ArticleState.PUBLISHED),
        ]
        assert await desk.emitted() == before

    async def test_a_retired_article_does_not_come_back(self, desk, run, versions):
        await run()
        async with desk.parts.units.write() as work:
            command = ArticleCommand(expected_revision=1)
            await keeping.carry_out(work, KEEPER, PAY_METHODS, ArticleAction.RETIRE, command, local_day(work.clock.now()))
        await run()
        assert [version.state for version in await versions(PAY_METHODS)] == [ArticleState.RETIRED]

    async def test_a_deleted_unconfirmed_article_does_not_come_back(self, desk, run, versions):
        await run()
        async with desk.parts.units.write() as work:
            command = ArticleCommand(expected_revision=1)
            await keeping.carry_out(work, KEEPER, FOREIGNERS, ArticleAction.DISCARD, command, local_day(work.clock.now()))
        await run()
        assert [version.state for version in await versions(FOREIGNERS)] == [ArticleState.RETIRED]

    async def test_an_article_that_nobody_changed_follows_the_file(self, desk, run, versions, file_with):
        await run()
        file_with("pay-methods", source="another source")
        await run()
        await run()
        newest, former = await versions(PAY_METHODS)
        assert (newest.number, newest.state, newest.read().source) == (2, ArticleState.PUBLISHED, "another source")
        assert former.state is ArticleState.RETIRED
        published = [json.loads(value) for fact, value in await desk.emitted() if fact == "article-published"]
        assert [fact["version"] for fact in published if fact["code"] == "pay-methods"] == [1, 2]

    async def test_an_article_that_the_file_calls_unconfirmed_is_taken_back(self, desk, run, versions, file_with):
        await run()
        file_with("pay-methods", reviewer="", confirm="Нақтылау керек.")
        await run()
        assert [version.state for version in await versions(PAY_METHODS)] == [ArticleState.IN_REVIEW, ArticleState.RETIRED]
        assert (await desk.emitted())[-1][0] == "article-retired"

    async def test_other_figures_of_the_year_are_published_again(self, desk, run, monkeypatch):
        await run()
        before = len(await desk.emitted())
        known = dict(seeding.events.filled_in.__globals__["parameters"]())
        known["self_payer_month", 2026] = replace(known["self_payer_month", 2026], value=known["self_payer_year", 2026].value)
        monkeypatch.setitem(seeding.events.filled_in.__globals__, "parameters", lambda: known)
        await run()
        again = [json.loads(value) for _, value in (await desk.emitted())[before:]]
        assert [fact["code"] for fact in again] == ["pay-rates"]
        assert "51\u00a0000\u00a0тенге" in again[0]["answers"]["ru"]
        await run()
        assert len(await desk.emitted()) == before + 1


class TestAttention:
    async def test_expired_and_expiring_articles_are_counted(self, desk, run):
        await run()

        async def counts():
            async with desk.parts.units.read() as work:
                found = await attention_counts(work, local_day(desk.clock.now()))
            return {str(attention): number for attention, number in found.items()}

        assert await counts() == {"expired": 0, "expiring": 0, "unconfirmed": 8}
        desk.clock.advance(timedelta(days=DAYS_TO_THE_NEXT_YEAR - 60))
        assert (await counts())["expiring"] == 3
        desk.clock.advance(timedelta(days=60))
        assert (await counts()) == {"expired": 3, "expiring": 0, "unconfirmed": 8}
