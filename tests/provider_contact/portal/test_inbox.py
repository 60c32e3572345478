"""The inbox: what a person of a provider finds in it, in which order, and how many."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from provider_contact.inquiries.models import Inquiry
from tests.provider_contact.conftest import ANSWER, OTHER, sent_inquiry

TABS = {"open": "Открытые", "overdue": "Просроченные", "unread": "Непрочитанные", "mine": "Мои", "answered": "Отвеченные", "all": "Все"}


def count(page, tab):
    return int(re.search(rf"{TABS[tab]} (\d+)", page)[1])


def listed(page):
    return re.findall(r"№ (\d{4}-\d{2}-\d{7}-\d)", page)


@pytest.fixture
async def three(world):
    """Three inquiries to PROVIDER and one to another provider."""
    own = [await sent_inquiry(world, number) for number in (1, 2, 3)]
    await sent_inquiry(world, 4, provider_id=OTHER)
    return own


@pytest.mark.usefixtures("three")
class TestTheInbox:
    async def test_it_shows_the_number_the_category_and_the_clock_that_governs(self, manager):
        page = await manager.page()
        assert len(listed(page)) == 3
        assert "Длительное ожидание медицинской помощи" in page
        assert "3 рабочих дня на запрос Фонда" in page

    async def test_an_inquiry_of_another_provider_is_neither_listed_nor_counted(self, manager):
        page = await manager.page(tab="all")
        assert "2026-43-0000004-0" not in page
        assert count(page, "all") == 3

    async def test_the_count_of_every_tab_is_the_number_of_its_rows(self, world, three, manager):
        await world.post(f"/v1/inquiries/{three[0]}/actions/respond", manager.bearer, ANSWER | {"code": "EXPLANATION"})
        await manager.post(f"/inquiries/{three[1]}/assign", account_id=await own_account(manager))
        await manager.get(f"/inquiries/{three[2]}")
        for tab in TABS:
            page = await manager.page(tab=tab)
            assert count(page, tab) == len(listed(page)), tab
        assert [count(page, tab) for tab in TABS] == [2, 0, 1, 1, 1, 3]

    async def test_an_opened_inquiry_is_read_until_it_changes(self, world, three, manager, officer):
        await manager.get(f"/inquiries/{three[0]}")
        assert count(await manager.page(), "unread") == 2
        await world.post(f"/v1/inquiries/{three[0]}/actions/acknowledge", officer.bearer, {"expected_version": 1})
        assert count(await manager.page(), "unread") == 3

    async def test_reading_is_a_persons_own(self, three, manager, officer):
        await manager.get(f"/inquiries/{three[0]}")
        assert count(await officer.page(), "unread") == 3

    async def test_the_first_due_comes_first(self, world, three, manager):
        async with world.parts.units.write() as work:
            inquiry = await work.session.get(Inquiry, three[2])
            inquiry.due_at -= timedelta(days=1)
        assert listed(await manager.page())[0] == "2026-43-0000003-0"

    async def test_an_empty_list_says_what_will_appear(self, person):
        assert "Нет запросов, которые ждут вашего ответа" in await person("elsewhere", provider_id=UUID(int=999)).page()

    @pytest.mark.parametrize("typed", ["2026-43-0000002-0", "00000020", "№ 2026 43 0000002", "0000002"])
    async def test_a_number_or_its_tail_finds_the_inquiry(self, manager, typed):
        assert listed(await manager.page(number=typed)) == ["2026-43-0000002-0"]

    @pytest.mark.parametrize("typed", ["2026-43-0000004-0", "%", "_", "nonsense", "99999"])
    async def test_a_number_of_another_provider_and_nonsense_find_nothing(self, manager, typed):
        assert "Запроса с таким номером нет" in await manager.page(number=typed)

    async def test_a_long_list_has_pages_without_gap_or_repetition(self, world, manager, monkeypatch):
        monkeypatch.setattr("provider_contact.portal.pages.inbox.LISTED", 2)
        for number in (5, 6):
            await sent_inquiry(world, number)
        found, page = [], await manager.page()
        for _ in range(4):
            found += listed(page)
            following = re.search(r'href="/provider-contact/portal\?(cursor=[^"]+)"[^>]*rel="next"', page)
            if not following:
                break
            page = await manager.page("?" + following[1])
        assert sorted(found) == sorted(set(found))
        assert len(found) == 5

    @pytest.mark.parametrize(("language", "title"), [("kk", "Қор сұраулары"), ("ru", "Запросы Фонда"), ("en", "Inquiries of the Fund")])
    async def test_it_speaks_three_languages(self, person, language, title):
        assert f"<h1>{title}</h1>" in await person(language=language).page()


class TestWhoOpensIt:
    async def test_a_visitor_signs_in_first(self, world):
        answer = await world.client.get("/provider-contact/portal", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fprovider-contact%2Fportal")

    @pytest.mark.parametrize("role", ["specialist", "admin", "applicant", "analyst"])
    async def test_nobody_else_opens_it(self, person, role):
        assert (await person("s", role=role, provider_id=None).get()).status_code == 403

    async def test_an_account_without_an_organisation_reads_what_to_do(self, person):
        assert "не указана организация" in await person(provider_id=None).page()

    async def test_the_first_person_manages_the_provider_and_the_second_needs_an_invitation(self, manager, person):
        assert "Вас ещё нет среди коллег" in await person("stranger").page()
        assert "Пригласить коллегу" in await manager.page("/colleagues")

    @pytest.mark.usefixtures("manager")
    async def test_the_first_person_of_another_provider_is_not_affected(self, person):
        assert "Запросы Фонда" in await person("elsewhere", provider_id=OTHER).page()


async def own_account(person):
    page = await person.page("/colleagues")
    return UUID(re.search(r'id="c-([0-9a-f-]+)"', page)[1])
