from datetime import date

import pytest

from routing.knowledge.service import offered, search_offered

DAY = date(2026, 6, 1)


@pytest.fixture
async def find(desk, articles):  # noqa: ARG001 - the articles are in the database
    async def found(query="", day=DAY, **wanted):
        async with desk.parts.units.read() as work:
            return [article.id for article in await search_offered(work, query, day, **wanted)]

    return found


class TestSearch:
    @pytest.mark.parametrize(
        ("query", "first"),
        [
            ("Қалай төлеуге болады", "pay-methods"),
            ("калай толеуге болады", "pay-methods"),  # without Kazakh letters
            ("как сменить поликлинику", "attachment"),
            ("очередь на КТ", "diagnostics-wait"),
            ("тіс емдеу", "dental"),
            ("қателікпен төлем қайтару", "pay-refund"),
        ],
    )
    async def test_the_best_match_comes_first_however_it_is_typed(self, find, query, first):
        assert (await find(query))[0] == first

    @pytest.mark.parametrize("query", ["жираф", "??", "ы"])
    async def test_a_query_without_a_match_finds_nothing(self, find, query):
        assert await find(query) == []


class TestOffered:
    async def test_an_empty_query_returns_every_valid_confirmed_article(self, find):
        found = await find()
        assert len(found) == len(set(found)) == 44
        assert "foreigners" not in found
        assert "foreigners" in await find(unreviewed=True)

    async def test_an_expired_article_is_not_offered(self, find):
        assert "pay-rates" in await find(day=date(2026, 12, 31))
        assert "pay-rates" not in await find(day=date(2027, 1, 1))

    async def test_those_on_a_subject_are_found_by_topic_and_category(self, desk, articles):  # noqa: ARG002
        async with desk.parts.units.read() as work:
            found = {article.id for article in await offered(work, DAY, subjects={"PAY_DEBT", "STATUS_BENEFIT"})}
        assert found == {"pay-debt", "employer-not-paid", "status-benefit"}

    async def test_the_figures_are_filled_in(self, desk, articles):  # noqa: ARG002
        async with desk.parts.units.read() as work:
            found = {article.id: article for article in await offered(work, DAY)}
        assert "4\u00a0250\u00a0тенге" in found["pay-rates"].answers["ru"]
        assert not any("{{" in text for article in found.values() for text in article.answers.values())
