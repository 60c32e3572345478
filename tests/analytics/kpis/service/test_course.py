"""Figures of time and course, computed by hand from the events of a few appeals."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

START = datetime(2025, 3, 3, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = 3600


async def answered_after(world, make, number, days, **changed):
    """Register an appeal on 3 March 2025 and answer it after so many days."""
    await world.consume(make("appeal-registered", number, received_at=START, **changed), at=START)
    await world.consume(make("appeal-routed", number), at=START)
    await world.consume(make("answer-given", number), at=START + days * DAY)


async def value_of(world, kpi, **asked):
    figure = await world.kpi(kpi, **asked)
    return figure["value"], figure["n"]


class TestTimeToAnswer:
    async def test_median_and_p90_lie_between_the_values_that_are_next_to_them(self, world, make):
        for number, days in enumerate((1, 2, 3, 4, 30, 40), start=1):
            await answered_after(world, make, number, days)
        assert await value_of(world, "answer_time_median") == (3.5 * 24 * HOUR, 6)
        assert await value_of(world, "answer_time_p90") == (35 * 24 * HOUR, 6)

    async def test_of_fewer_than_five_answers_none_is_shown(self, world, make):
        for number in range(1, 5):
            await answered_after(world, make, number, number)
        figure = await world.kpi("answer_time_median", group_by="region")
        assert (figure["value"], figure["n"], figure["suppressed"]) == (None, 4, True)
        assert [(part["value"], part["n"], part["suppressed"]) for part in figure["parts"]] == [(None, 4, True)]

    async def test_without_an_answer_there_is_none(self, world, make):
        await world.consume(make("appeal-registered", 1, received_at=START), make("appeal-imported", 2))
        assert await value_of(world, "answer_time_p90") == (None, 0)
        assert await value_of(world, "answered_share") == (None, 1)


class TestInTime:
    async def test_what_waits_past_its_term_is_late_and_what_waits_within_it_is_not_counted_yet(self, world, make):
        for number, days in enumerate((1, 20, 21, 22), start=1):  # the term ends after 21 days
            await answered_after(world, make, number, days)
        await world.consume(make("appeal-registered", 5, received_at=START), at=START)
        await world.consume(make("appeal-registered", 6, received_at=START, due_at=world.clock.now() + DAY), at=START)
        assert await value_of(world, "answered_in_time") == (60.0, 5)
        assert await value_of(world, "overdue") == (2, 6)
        await world.consume(make("appeal-withdrawn", 5, reason="OTHER"))
        assert await value_of(world, "answered_in_time") == (None, 4)
        assert await value_of(world, "overdue") == (1, 6)
        world.clock.advance(2 * DAY)
        assert await value_of(world, "overdue") == (2, 6)

    async def test_an_extension_counts_once_and_moves_the_end_of_the_term(self, world, make):
        await world.consume(make("appeal-registered", 1, received_at=START), make("appeal-registered", 2, received_at=START), at=START)
        extended = make("term-extended", 1, due_at=START + 40 * DAY)
        await world.consume(extended, extended, at=START + DAY)
        await world.consume(make("answer-given", 1), at=START + 30 * DAY)
        assert (await value_of(world, "extended"), await value_of(world, "overdue")) == ((1, 2), (1, 2))


class TestHeld:
    async def test_each_party_is_charged_with_the_time_that_it_held_the_appeal(self, world, make):
        for number in range(1, 6):
            await world.consume(make("appeal-registered", number, received_at=START), at=START)
            await world.consume(make("appeal-routed", number), at=START + timedelta(hours=1))
            await world.consume(make("inquiry-sent", number), at=START + timedelta(hours=2 + number))
            await world.consume(make("inquiry-answered", number), at=START + timedelta(hours=12 + number))
            await world.consume(make("applicant-asked", number, question_id=UUID(int=4)), at=START + timedelta(hours=13 + number))
            await world.consume(make("answer-given", number), at=START + timedelta(hours=13 + number))
        assert await value_of(world, "held_by_fund") == (6.0 * HOUR, 5)  # 2 + number, and one more
        assert await value_of(world, "held_by_provider") == (10.0 * HOUR, 5)
        held = {(row.held_by_fund, row.held_by_provider, row.held_by_applicant) for row in await world.facts()}
        assert held == {((3 + number) * HOUR, 10 * HOUR, 0) for number in range(1, 6)}

    async def test_events_that_arrive_again_add_no_time(self, world, make):
        await world.consume(make("appeal-registered", 1, received_at=START), make("appeal-routed", 1), at=START)
        later = await world.consume(make("inquiry-sent", 1), make("inquiry-answered", 1), at=START + DAY)
        before = await world.facts()
        await world.apply(later)
        assert await world.facts() == before


class TestFirstContact:
    async def test_it_counts_what_was_settled_at_once_and_stayed_so(self, world, make):
        settled = {"received_at": START, "kind": "CONSULTATION", "resolved_in_contact": True}
        await world.consume(*(make("appeal-registered", number, **settled) for number in range(1, 6)), at=START)
        await world.consume(make("appeal-registered", 6, received_at=START), make("appeal-imported", 7, received_at=START), at=START)
        assert await value_of(world, "first_contact_resolution") == (83.3, 6)
        follows = make("appeal-registered", 8, received_at=START + DAY, follows=UUID(int=1))
        reopened = make("case-reopened", 2, reason="PROMISE_BROKEN")
        await world.consume(follows, reopened, at=START + DAY)
        assert await value_of(world, "first_contact_resolution") == (50.0, 6)
        assert await value_of(world, "reopened") == (1, 7)


class TestLeakage:
    @pytest.mark.parametrize(("days", "kind", "value"), [(14, "COMPLAINT", 20.0), (15, "COMPLAINT", 0.0), (1, "CONSULTATION", 0.0)])
    async def test_it_counts_consultations_that_a_complaint_continues_within_two_weeks(self, world, make, days, kind, value):
        for number in range(1, 6):
            await world.consume(make("appeal-registered", number, received_at=START, kind="CONSULTATION"), at=START)
            await world.consume(make("appeal-routed", number, kind="CONSULTATION", category=None, topic="REFERRAL", tier=1), at=START)
            await world.consume(make("answer-given", number), at=START + DAY)
        later = START + (1 + days) * DAY
        await world.consume(make("appeal-registered", 6, received_at=later, kind=kind, follows=UUID(int=1)), at=later)
        assert await value_of(world, "tier1_leakage") == (value, 5)

    async def test_answers_of_higher_tiers_are_not_in_it(self, world, make):
        for number in range(1, 6):
            await world.consume(make("appeal-registered", number, received_at=START, kind="CONSULTATION"), at=START)
            await world.consume(make("appeal-routed", number, kind="CONSULTATION", category=None, topic="REFERRAL", tier=2), at=START)
            await world.consume(make("answer-given", number), at=START + DAY)
        assert await value_of(world, "tier1_leakage") == (None, 0)


class TestDistrict:
    async def test_a_figure_is_narrowed_to_the_providers_of_a_district(self, world, make):
        names = {"name_kk": "Сынақ", "name_ru": "Тест", "short_name": "", "aliases": [], "region": "KZ-43", "kind": "POLYCLINIC"}
        recorded = names | {"ownership": "STATE", "active": True}
        for number, district in ((5, "Арал"), (6, "Қазалы")):
            await world.consume(make("provider-recorded", 0, provider_id=UUID(int=number), district=district, **recorded))
        for number, provider in ((1, 5), (2, 6), (3, 6)):
            await world.consume(make("appeal-registered", number, received_at=START, provider_id=UUID(int=provider)))
        assert await value_of(world, "received", district="Арал") == (1, 1)
        assert await value_of(world, "received", district="Қазалы") == (2, 2)
        assert await value_of(world, "received", district="Жоқ") == (0, 0)
