import pytest

from tests.intake.channels.web.test_filing import known_provider  # noqa: F401 - a fixture


class TestSuggestions:
    @pytest.mark.usefixtures("known_provider")
    async def test_a_regions_organisations_are_listed_for_the_form(self, desk):
        answer = await desk.client.get("/intake/providers", params={"region": "KZ-43"})
        assert answer.json()["items"][0] == {"kk": "№5 қалалық емхана", "ru": "Городская поликлиника №5"}
        assert (await desk.client.get("/intake/providers", params={"region": "KZ-75"})).json() == {"items": []}
        assert (await desk.client.get("/intake/providers", params={"region": "nowhere"})).status_code == 404
