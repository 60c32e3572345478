import pytest

pytestmark = pytest.mark.usefixtures("articles")


class TestArticles:
    async def test_everybody_finds_an_answer_with_how_to_complain(self, desk):
        found = (await desk.get("/articles", query="қанша төлеу", language="kk")).json()
        assert "pay-rates" in [item["id"] for item in found["items"]]
        assert all("1414" in item["how_to_complain"] for item in found["items"])

    async def test_unconfirmed_articles_are_shown_to_staff_alone(self, desk):
        public, staff = await desk.get("/articles", limit=200), await desk.get("/articles", desk.token("operator"), limit=200)
        assert all(item["reviewed"] for item in public.json()["items"])
        only_staff = {item["id"] for item in staff.json()["items"]} - {item["id"] for item in public.json()["items"]}
        assert {"foreigners", "sick-leave", "rehab"} < only_staff
        assert len(only_staff) == 8

    async def test_the_pages_of_a_list_join_without_a_gap(self, desk):
        first = (await desk.get("/articles", limit=30)).json()
        second = (await desk.get("/articles", limit=30, cursor=first["next_cursor"])).json()
        assert len(first["items"]) + len(second["items"]) == first["total"] == 43  # one begins in March
        assert second["next_cursor"] is None

    async def test_a_reader_of_english_gets_russian_articles_marked_as_russian(self, desk):
        assert {item["language"] for item in (await desk.get("/articles", language="en")).json()["items"]} == {"ru"}

    @pytest.mark.parametrize("wanted", [{"language": "fr"}, {"cursor": "zz"}, {"limit": 0}, {"query": "x" * 201}])
    async def test_an_invalid_query_is_422(self, desk, wanted):
        assert (await desk.get("/articles", **wanted)).status_code == 422
