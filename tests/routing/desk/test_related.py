"""Suggestions of cases that may belong to a case."""

import pytest

from routing.desk.service.related import COMPARED, LEAST_SCORE, ranked
from tests.routing.desk.support import open_desk, session
from tests.routing.support import PROVIDER

pytestmark = pytest.mark.usefixtures("owners")
TEXT = "Дәрігер қабылдаудан бас тартты, емханада жазып алмады, үш күн кезекте тұрдым."
ALIKE = "Емханада жазып алмады, дәрігер қабылдаудан бас тартты, кезекте үш күн тұрдым!"
OTHER = "Балама екпе салынбады, мейірбике сөйлескісі келмеді."


@pytest.fixture
def clerk(desk):
    return desk.token("specialist", region="KZ-43", subject="clerk")


async def opened(desk, text=TEXT, **given):
    return await desk.open(**({"text": text, "kind": "COMPLAINT", "category": "REFUSAL_APPOINTMENT"} | given))


async def suggested(desk, appeal_id, who):
    answer = await desk.get(f"/cases/{appeal_id}/suggestions", who)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestSuggestions:
    async def test_the_applicants_other_appeals_are_suggested_as_far_as_the_clerk_sees_them(self, desk, owners, clerk):
        case, here, there = await opened(desk), await opened(desk, OTHER, category="DRUGS"), await opened(desk, region="KZ-75")
        owners.found = {str(case): [str(here), str(there), str(case)]}
        found = await suggested(desk, case, clerk)
        assert [(item["appeal_id"], item["type"]) for item in found["items"]] == [(str(here), "SAME_APPLICANT")]
        assert str(there) not in str(found)

    async def test_similar_texts_about_the_same_are_found_in_any_order_of_words(self, desk, owners, clerk):
        case, alike, other = await opened(desk), await opened(desk, ALIKE), await opened(desk, OTHER)
        elsewhere = await opened(desk, ALIKE, region="KZ-75")
        another = await opened(desk, ALIKE, category="DRUGS")
        found = await suggested(desk, case, clerk)
        assert [(item["appeal_id"], item["type"]) for item in found["items"]] == [(str(alike), "SIMILAR")]
        assert found["items"][0]["score"] > 90
        assert {str(other), str(elsewhere), str(another)}.isdisjoint(str(found))
        assert owners.asked[-1] == ("intake", "similar-texts", "clerk")

    async def test_about_a_provider_its_cases_are_compared_wherever_they_are(self, desk):
        case = await opened(desk, provider_id=PROVIDER)
        there, elsewhere = await opened(desk, ALIKE, provider_id=PROVIDER, region="KZ-75"), await opened(desk, ALIKE)
        found = await suggested(desk, case, desk.token("operator"))
        assert [item["appeal_id"] for item in found["items"]] == [str(there)]
        assert str(elsewhere) not in str(found)

    async def test_without_intake_the_service_is_named(self, desk, owners, clerk):
        case, _ = await opened(desk), await opened(desk, ALIKE)
        owners.down = True
        assert await suggested(desk, case, clerk) == {"items": [], "total": 0, "next_cursor": None, "unavailable": ["intake"]}

    async def test_a_case_out_of_sight_is_not_found(self, desk):
        case = await opened(desk)
        assert (await desk.get(f"/cases/{case}/suggestions", desk.token("specialist", region="KZ-75"))).status_code == 404


class TestRanked:
    def test_a_long_text_is_compared_by_its_beginning(self):
        others = dict.fromkeys(range(COMPARED), "сөз " * 5_000)
        assert ranked("басқа " * 5_000, others) == []

    def test_an_empty_text_is_similar_to_nothing(self):
        assert ranked("", {1: TEXT}) == []
        assert 0 < LEAST_SCORE < 100


class TestCard:
    async def test_a_suggestion_is_linked_by_its_button_and_the_link_is_taken_back(self, desk, owners, complaint):
        other = await opened(desk)
        number = (await desk.case(other))["number"]
        owners.found = {str(complaint): [str(other)]}
        assert number not in (await open_desk(desk, f"/{complaint}")).text.split("links-title")[-1]
        assert owners.looked_up == [], "opening a case looks nobody up"
        page = (await open_desk(desk, f"/{complaint}", related="yes")).text
        assert f"It is a duplicate of № {number}" in page
        version = str((await desk.case(complaint))["version"])
        form = {"expected_version": version, "link-duplicate-of_number": number}
        done = await desk.client.post(f"/routing/desk/{complaint}/link-duplicate", headers=session(desk), data=form)
        assert done.status_code == 303
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "this case repeats it" in page
        assert "It is a duplicate of" not in page
        assert "it repeats this case" in (await open_desk(desk, f"/{other}")).text
        form = {"expected_version": str(int(version) + 1)}
        assert (await desk.client.post(f"/routing/desk/{complaint}/unlink", headers=session(desk), data=form)).status_code == 303
        assert (await desk.case(complaint))["links"] == []

    async def test_a_wrong_number_comes_back_with_what_to_do(self, desk, complaint):
        form = {"expected_version": "1", "link-duplicate-of_number": "2026-43-9999999-0"}
        page = await desk.client.post(f"/routing/desk/{complaint}/link-duplicate", headers=session(desk), data=form)
        assert page.status_code == 422
        assert "No case that you may see has this number." in page.text
        assert 'value="2026-43-9999999-0"' in page.text

    async def test_similar_texts_are_read_on_request_alone(self, desk, owners, complaint):
        other = await opened(desk)
        number = (await desk.case(other))["number"]
        assert number not in (await open_desk(desk, f"/{complaint}")).text.split("links-title")[-1]
        assert "similar-texts" not in {purpose for _, purpose, _ in owners.asked}
        desk.texts.known[complaint] = TEXT
        page = (await open_desk(desk, f"/{complaint}", related="yes")).text
        assert "similar text, 100 of 100" in page

    async def test_without_intake_the_page_works_and_says_what_is_missing(self, desk, owners, complaint):
        owners.down = True
        page = await open_desk(desk, f"/{complaint}", related="yes")
        assert page.status_code == 200
        assert "other appeals may be missing" in page.text
