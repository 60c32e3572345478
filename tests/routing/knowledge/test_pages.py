"""The page of the articles, and its cards for the operator's screen."""

import pytest

from shared.web.session import COOKIE

pytestmark = pytest.mark.usefixtures("articles")


@pytest.fixture
def ask(desk):
    async def post(role=None, **fields):
        cookie = {"Cookie": f"{COOKIE}={desk.foundation.issuer.issue(role)}"} if role else {}
        return await desk.client.post("/routing/articles", data=fields, headers=cookie | {"Accept": "text/html"})

    return post


class TestArticles:
    async def test_a_search_shows_readable_cards_in_the_language_of_the_talk(self, ask):
        kk, ru = (
            await ask("operator", query="жарна", language="kk", part="yes"),
            await ask("operator", query="взнос", language="ru", part="yes"),
        )
        assert 'lang="kk" data-article' in kk.text
        assert 'lang="ru" data-article' in ru.text
        assert "<html" not in ru.text

    async def test_without_scripts_it_is_a_page(self, ask, desk):
        assert "<html" in (await ask("operator", query="взнос")).text
        assert "data-article" in (await desk.client.get("/routing/articles", headers={"Accept": "text/html"})).text

    async def test_what_is_not_reviewed_is_shown_to_staff_alone(self, desk):
        operator = {"Cookie": f"{COOKIE}={desk.foundation.issuer.issue('operator')}"}
        shown = [(await desk.client.get("/routing/articles?lang=ru", headers=who)).text for who in (operator, {})]
        assert shown[0].count("data-article") > shown[1].count("data-article") > 0
        assert ["ещё не проверено" in each for each in shown] == [True, False]

    async def test_nothing_found_says_so(self, ask):
        assert "data-article" not in (await ask("operator", query="qwertyuiop")).text

    async def test_another_site_cannot_search(self, desk):
        crossed = {"Sec-Fetch-Site": "cross-site"}
        assert (await desk.client.post("/routing/articles", data={"query": "взнос"}, headers=crossed)).status_code == 403
