"""Figures of inquiries and promises, and of people, computed by hand."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from analytics.kpis import policy
from shared.domain.tables import ReferenceDataError, parse_rows

DAY = timedelta(days=1)


async def ask(world, make, number, days, **answered):
    """Send an inquiry with a term of 5 days on 1 January 2026, and answer it after so many days; None: not at all."""
    at = world.clock.now().replace(month=1, day=1)
    own = {"inquiry_id": UUID(int=100 + number), "provider_id": UUID(int=5 + number % 2)}
    await world.consume(make("appeal-registered", number, received_at=at), make("inquiry-sent", number, due_at=at + 5 * DAY, **own), at=at)
    if days is not None:
        sent = at + timedelta(seconds=1)
        await world.consume(make("inquiry-answered", number, late=days > 5, **own, **answered), at=sent + days * DAY)


async def value_of(world, kpi, **asked):
    figure = await world.kpi(kpi, year=2026, **asked)
    return figure["value"], figure["n"]


class TestInquiries:
    async def test_reply_times_are_percentiles_from_sending_to_the_first_answer(self, world, make):
        for number, days in enumerate((1, 2, 3, 4, 30, 40, None), start=1):
            await ask(world, make, number, days)
        assert await value_of(world, "provider_reply_median") == (3.5 * 86_400, 6)
        assert await value_of(world, "provider_reply_p90") == (35 * 86_400, 6)
        assert await value_of(world, "provider_reply_median", provider_id=UUID(int=5)) == (None, 3)

    async def test_overdue_are_those_answered_late_and_those_that_wait_too_long(self, world, make):
        for number, days in enumerate((1, 6, None, None), start=1):
            await ask(world, make, number, days)
        await world.consume(make("inquiry-cancelled", 4, inquiry_id=UUID(int=104), reason="X"))
        assert await value_of(world, "inquiries_overdue") == (2, 4)
        figure = await world.kpi("inquiries_overdue", year=2026, group_by="provider")
        assert {part["code"]: (part["value"], part["n"]) for part in figure["parts"]} == {
            str(UUID(int=5)): (1, 2), str(UUID(int=6)): (1, 2),
        }  # fmt: skip

    async def test_refusals_are_lawful_by_the_finding_of_a_clerk(self, world, make):
        for number in range(1, 8):
            await ask(world, make, number, 1, refusal_reason="NO_QUOTA")
            if number < 6:
                judged = {"refusal_reason": "NO_QUOTA", "refusal_lawful": number < 3}
                await world.consume(make("inquiry-accepted", number, inquiry_id=UUID(int=100 + number), **judged))
        assert await value_of(world, "refusals_lawful") == (40.0, 5)


class TestCommitments:
    async def test_of_the_promises_that_were_due_some_were_fulfilled(self, world, make):
        results = ("KEPT", "KEPT", "BROKEN", "NO_ANSWER", None, "EXCUSED")
        for number, result in enumerate(results, start=1):
            own = {"commitment_id": UUID(int=200 + number)}
            await world.consume(make("appeal-registered", number), make("commitment-made", number, due_on=date(2026, 2, 1), **own))
            if result:
                await world.consume(make("commitment-ended", number, result=result, **own))
        assert await value_of(world, "commitments_fulfilled") == (40.0, 5)
        await world.consume(make("commitment-made", 1, commitment_id=UUID(int=300), due_on=date(2026, 12, 1)))
        assert await value_of(world, "commitments_fulfilled") == (40.0, 5)


class TestPeople:
    async def test_complaints_are_divided_by_the_people_of_the_region(self, world, make):
        region = {"region": "KZ-31"}
        await world.consume(*(make("appeal-imported", number, **region) for number in range(1, 401)), make("appeal-imported", 900))
        assert await value_of(world, "complaints_per_10000", region="KZ-31", **{"from": "2025-01-01", "to": "2025-12-31"}) == (3.4, 400)
        assert (await world.kpi("complaints_per_10000"))["value"] is None
        parts = (await world.kpi("complaints_per_10000", group_by="region"))["parts"]
        assert {part["code"]: (part["value"], part["suppressed"]) for part in parts} == {"KZ-31": (3.4, False), "KZ-43": (None, False)}

    async def test_people_insured_are_others_than_people_attached(self, world, make):
        await world.consume(*(make("appeal-imported", number) for number in range(1, 401)))
        asked = {"from": "2025-01-01", "to": "2025-12-31"}
        assert await value_of(world, "complaints_per_10000_insured", region="KZ-43", **asked) == (5.8, 400)
        assert (await world.kpi("complaints_per_10000_insured", region="KZ-75"))["missing"]["regions"] == ["KZ-75"]

    async def test_without_the_people_of_a_region_the_figure_says_so_and_is_not_suppressed(self, world, make):
        await world.consume(*(make("appeal-imported", number) for number in range(1, 11)))
        asked = {"from": "2025-01-01", "to": "2025-12-31"}
        of_region = await world.kpi("complaints_per_10000", region="KZ-43", compare="previous_year")
        assert of_region["missing"] == {"code": "people-unknown", "regions": ["KZ-43"]}
        assert (of_region["value"], of_region["n"], of_region["suppressed"], of_region["comparison"]["suppressed"]) == (
            None,
            10,
            False,
            False,
        )
        of_country = await world.kpi("complaints_per_10000", group_by="channel")
        assert len(of_country["missing"]["regions"]) == 18
        assert [part["suppressed"] for part in of_country["parts"]] == [False]
        trend = (await world.get("/trends", kpi="complaints_per_10000", interval="month", region="KZ-43", **asked)).json()
        assert trend["missing"] == of_region["missing"]
        assert not any(point["suppressed"] for point in trend["points"])
        assert (await world.kpi("complaints_per_10000", region="KZ-00"))["missing"]["regions"] == ["KZ-00"]

    async def test_a_figure_of_known_people_from_too_few_complaints_is_suppressed(self, world, make):
        await world.consume(make("appeal-imported", 1, region="KZ-31"))
        found = await world.kpi("complaints_per_10000", region="KZ-31")
        assert (found["value"], found["suppressed"], found["missing"]) == (None, True, None)

    def test_the_latest_number_until_the_day_counts_else_the_first_after_it(self):
        assert policy.people_of("KZ-75", policy.People.ATTACHED, date(2025, 1, 1)) == 1_846_000
        assert policy.people_of("KZ-31", policy.People.ATTACHED, date(2025, 1, 1)) == 1_171_882
        assert policy.people_of("KZ-43", policy.People.ATTACHED, date(2025, 1, 1)) is None
        assert policy.people_of("KZ-43", policy.People.INSURED, date(2025, 1, 1)) == 684_000

    @pytest.mark.parametrize(
        ("file", "line", "load"),
        [
            ("population.csv", "region,counted,counted_on,people\nKZ-99,ATTACHED,2025-01-01,5", policy.population),
            ("population.csv", "region,counted,counted_on,people\nKZ-31,ATTACHED,,5", policy.population),
            ("ageing.csv", "code,from_days,kk,ru,en\na,1,а,а,a", policy.ageing),
            ("ageing.csv", "code,from_days,kk,ru,en\na,0,а,а,a\nb,9,б,б,b\nc,9,в,в,c", policy.ageing),
        ],
    )
    def test_a_wrong_file_is_refused(self, monkeypatch, file, line, load):
        monkeypatch.setattr(policy, "policy_rows", lambda _package, name: parse_rows(name, f"# source: test\n{line}\n"))
        load.cache_clear()
        with pytest.raises(ReferenceDataError, match=file):
            load()
