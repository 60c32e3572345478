"""The rosters of a process: how often provider-contact is asked, and what happens while it does not answer."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from intake.ratings.dependencies import PAGE, PAGES, Rosters
from intake.ratings.policy import rating_policy
from intake.ratings.service.doctors import ListedDoctor, find_doctors
from shared.clock import FakeClock
from shared.errors import Unavailable
from tests.intake.conftest import NOW
from tests.intake.ratings.rosters import OTHER, PROVIDER, RosterDouble, doctor, many


@pytest.fixture
def double():
    return RosterDouble({PROVIDER: many(3), OTHER: [doctor(2401)]})


@pytest.fixture
async def rosters(double):
    transport = httpx.ASGITransport(double.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://in-process") as client:
        yield Rosters(lambda _service: client, FakeClock(NOW))


def names(found):
    return [each.full_name_ru for each in found]


class TestRosters:
    async def test_a_roster_is_asked_for_once_in_some_minutes(self, rosters, double):
        for _ in range(3):
            assert names(await rosters.doctors(PROVIDER)) == ["Сынаков Азамат", "Образцов 1", "Образцов 2"]
        assert double.asked == [PROVIDER]
        rosters._clock.advance(timedelta(minutes=rating_policy().roster_minutes))
        await rosters.doctors(PROVIDER)
        assert double.asked == [PROVIDER, PROVIDER]

    async def test_requests_at_the_same_time_ask_once(self, rosters, double):
        await asyncio.gather(*(rosters.doctors(PROVIDER) for _ in range(20)))
        assert double.asked == [PROVIDER]

    async def test_a_long_roster_is_read_to_its_end(self, rosters, double):
        double.rosters[PROVIDER] = many(2 * PAGE + 1)
        assert len(await rosters.doctors(PROVIDER)) == 2 * PAGE + 1

    async def test_a_roster_without_an_end_is_no_roster(self, rosters, double):
        double.rosters[PROVIDER] = many(PAGE * PAGES + 1)
        assert await rosters.doctors(PROVIDER) is None

    async def test_an_organisation_without_a_roster_has_no_doctors(self, rosters):
        assert await rosters.doctors(UUID(int=99)) == []

    async def test_after_a_failure_nobody_asks_for_some_seconds(self, rosters, double):
        double.status = 500
        assert await rosters.doctors(PROVIDER) is None
        double.status = 200
        assert await rosters.doctors(OTHER) is None
        assert len(double.asked) == 1
        rosters._clock.advance(timedelta(seconds=rating_policy().roster_pause_seconds))
        assert len(await rosters.doctors(PROVIDER)) == 3

    async def test_a_stored_roster_is_given_while_nobody_asks(self, rosters, double):
        await rosters.doctors(PROVIDER)
        double.status = 500
        assert await rosters.doctors(OTHER) is None
        assert len(await rosters.doctors(PROVIDER)) == 3

    async def test_the_stored_rosters_are_bounded(self, rosters, double):
        for number in range(rating_policy().rosters_stored + 1):
            await rosters.doctors(UUID(int=number))
        double.asked.clear()
        await rosters.doctors(UUID(int=rating_policy().rosters_stored))
        await rosters.doctors(UUID(int=0))
        assert double.asked == [UUID(int=0)]

    @pytest.mark.parametrize("error", [Unavailable("no address"), httpx.ConnectError("refused"), TimeoutError()])
    async def test_a_service_that_does_not_answer_is_no_roster(self, error):
        def client_for(_service):
            raise error

        assert await Rosters(client_for, FakeClock(NOW)).doctors(PROVIDER) is None

    async def test_an_answer_of_another_shape_is_no_roster(self):
        transport = httpx.MockTransport(lambda _request: httpx.Response(200, json={"items": [{"name": "x"}]}))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            assert await Rosters(lambda _service: client, FakeClock(NOW)).doctors(PROVIDER) is None


class TestSearch:
    @pytest.mark.parametrize(
        ("typed", "found"),
        [
            ("сынак", ["Сынақов Азамат"]),
            ("СЫНАҚОВ аза", ["Сынақов Азамат"]),
            ("synakov", ["Сынақов Азамат"]),
            ("тера", ["Сынақов Азамат"]),
            ("хирург улгиов 2", ["Үлгіов 2"]),
            ("замат", []),
            ("сынақов хирург", []),
            ("  ", ["Сынақов Азамат", "Үлгіов 1", "Үлгіов 2"]),
        ],
    )
    def test_each_typed_word_begins_a_name_or_the_speciality(self, typed, found):
        roster = [ListedDoctor.model_validate(each) for each in many(3)]
        assert [each.full_name_kk for each in find_doctors(roster, typed)] == found

    def test_the_label_is_in_the_language_with_the_speciality(self):
        listed = ListedDoctor.model_validate(doctor(1))
        assert (listed.label_in("kk"), listed.label_in("ru")) == ("Сынақов Азамат, терапевт", "Сынаков Азамат, терапевт")
        assert ListedDoctor.model_validate(doctor(1, kk="", speciality="")).label_in("kk") == "Сынаков Азамат"
