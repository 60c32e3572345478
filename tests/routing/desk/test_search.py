"""The search for cases: by number, phone, IIN or provider, as an API and as a page."""

import pytest
from sqlalchemy import select

from routing.desk.models import SEARCH_LIFETIME, DeskSearch
from tests.routing.desk.pages.test_filters import rows
from tests.routing.desk.support import open_desk, session
from tests.routing.support import PROVIDER, imported, registered

PHONE, IIN = "+77010000000", "991231501014"


async def search(desk, query, who=None, **filters):
    headers = who or desk.token("specialist", region="KZ-43", subject="clerk")
    return await desk.client.post("/routing/v1/cases/search", json={"query": query, **filters}, headers=headers)


async def ids(desk, query, who=None, **filters):
    answer = await search(desk, query, who, **filters)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["total"] == len(page["items"])
    return {item["appeal_id"] for item in page["items"]}


async def submit(desk, query, who=None):
    return await desk.client.post("/routing/desk/search", headers=who or session(desk, subject="clerk"), data={"query": query})


@pytest.fixture
async def people(desk, owners):
    """Return the ids of a person's appeals: one here, one elsewhere, one closed; and one of a provider."""
    here, there, done = registered(), registered(region="KZ-75"), imported()
    named = registered(provider_id=PROVIDER)
    await desk.apply(here, there, named)
    await desk.apply(done)
    owners.found = {
        PHONE: [str(here.appeal_id), str(there.appeal_id), str(done.appeal_id)],
        IIN: [str(here.appeal_id)],
        "№ 23 емхана": [str(PROVIDER)],
    }
    return {"here": here, "there": there, "done": done, "named": named}


class TestSearch:
    @pytest.mark.parametrize("typed", [PHONE, "8 701 000 00 00", "7010000000"])
    async def test_a_phone_finds_the_visible_cases_of_the_person(self, desk, people, typed):
        assert await ids(desk, typed) == {str(people["here"].appeal_id), str(people["done"].appeal_id)}
        assert await ids(desk, typed, desk.token("operator")) == {str(people[name].appeal_id) for name in ("here", "there", "done")}

    async def test_the_filters_narrow_what_was_found(self, desk, people):
        assert await ids(desk, PHONE, status="CLOSED") == {str(people["done"].appeal_id)}

    @pytest.mark.parametrize("typed", [IIN, "991231 501014"])
    async def test_an_iin_finds_the_cases_of_the_person(self, desk, people, typed):
        assert await ids(desk, typed) == {str(people["here"].appeal_id)}

    async def test_a_name_finds_the_cases_of_the_provider(self, desk, people):
        assert await ids(desk, "№ 23 емхана") == {str(people["named"].appeal_id)}

    async def test_a_number_or_its_end_is_found_without_asking_intake(self, desk, people, owners):
        number = people["here"].number
        for typed in (number, number[-9:], f"№ {number}"):
            assert str(people["here"].appeal_id) in await ids(desk, typed)
        assert owners.looked_up == []

    @pytest.mark.usefixtures("people")
    async def test_intake_learns_for_whom_it_looks_up(self, desk, owners):
        await ids(desk, PHONE)
        (asked,) = owners.looked_up
        assert {name: value for name, value in asked.items() if value} == {
            "purpose": "desk-search",
            "on_behalf_of": "clerk",
            "phone": PHONE,
        }

    @pytest.mark.usefixtures("people")
    async def test_what_intake_cannot_answer_is_named(self, desk, owners):
        owners.down = True
        answer = (await search(desk, PHONE)).json()
        assert (answer["items"], answer["total"], answer["unavailable"]) == ([], 0, ["intake"])

    @pytest.mark.usefixtures("people")
    async def test_a_search_without_a_hit_finds_nothing(self, desk):
        for typed in ("+77010000009", "991231501024", "Белгісіз ұйым", "9999999"):
            assert await ids(desk, typed) == set()

    @pytest.mark.parametrize(
        "wrong", [{"query": " "}, {"query": "x" * 201}, {"query": "1", "category": "POEM"}, {"query": "1", "colour": "red"}]
    )
    async def test_an_invalid_search_is_refused_without_an_echo(self, desk, wrong):
        answer = await search(desk, **wrong)
        assert answer.status_code == 422
        assert "POEM" not in answer.text

    @pytest.mark.parametrize("role", ["applicant", "provider", "analyst", "partner", "service"])
    async def test_the_search_is_for_staff(self, desk, role):
        assert (await search(desk, "1", desk.token(role))).status_code == 403


class TestPage:
    @pytest.mark.parametrize("typed", [PHONE, IIN, "№ 23 емхана"])
    async def test_the_address_of_the_result_has_nothing_of_what_was_typed_and_can_be_reloaded(self, desk, people, owners, typed):
        done = await submit(desk, typed)
        address = done.headers["location"]
        assert done.status_code == 303
        assert address.startswith("/routing/desk?search=")
        assert not any(part in address for part in ("7010", "99123", "%D0"))
        who = session(desk, subject="clerk")
        for _ in range(2):
            found = rows(await desk.client.get(address, headers=who))
            assert str(people["named" if "емхана" in typed else "here"].appeal_id) in found
        assert len(owners.looked_up) == 1

    async def test_the_page_of_a_case_keeps_the_search_open(self, desk, people):
        address = (await submit(desk, PHONE)).headers["location"]
        key = people["here"].appeal_id
        page = await desk.client.get(address.replace("/desk?", f"/desk/{key}?"), headers=session(desk, subject="clerk"))
        assert set(rows(page)) == {str(key), str(people["done"].appeal_id)}

    @pytest.mark.usefixtures("people")
    async def test_another_person_finds_nothing_under_the_reference(self, desk):
        address = (await submit(desk, PHONE)).headers["location"]
        page = await desk.client.get(address, headers=session(desk, subject="other"))
        assert rows(page) == []
        assert "No case was found" in page.text

    @pytest.mark.usefixtures("people")
    async def test_the_reference_expires_and_is_deleted(self, desk):
        address = (await submit(desk, PHONE)).headers["location"]
        desk.clock.advance(SEARCH_LIFETIME * 2)
        assert rows(await desk.client.get(address, headers=session(desk, subject="clerk"))) == []
        await submit(desk, IIN)
        async with desk.parts.database.read() as opened:
            assert len((await opened.execute(select(DeskSearch))).all()) == 1

    @pytest.mark.usefixtures("people")
    async def test_nothing_of_what_was_typed_is_stored(self, desk):
        await submit(desk, PHONE)
        await submit(desk, IIN)
        stored = await desk.engine.stored(desk.parts.database)
        assert b"7010000000" not in stored
        assert IIN.encode() not in stored

    async def test_a_number_is_found_by_an_address_of_its_own(self, desk, people):
        number = people["here"].number
        done = await submit(desk, f"№ {number}")
        assert done.headers["location"] == f"/routing/desk?query={number.replace('-', '')}"
        assert rows(await desk.client.get(done.headers["location"], headers=session(desk))) == [str(people["here"].appeal_id)]

    @pytest.mark.usefixtures("people")
    async def test_a_damaged_reference_shows_no_case(self, desk):
        assert rows(await open_desk(desk, search="x")) == []

    @pytest.mark.usefixtures("people")
    async def test_the_page_says_what_could_not_be_searched(self, desk, owners):
        owners.down = True
        done = await submit(desk, PHONE)
        page = await desk.client.get(done.headers["location"], headers=session(desk, subject="clerk"))
        assert "The register does not answer now" in page.text
        assert rows(page) == []

    async def test_a_blank_search_returns_to_the_lists(self, desk):
        assert (await submit(desk, "  ")).headers["location"] == "/routing/desk"
