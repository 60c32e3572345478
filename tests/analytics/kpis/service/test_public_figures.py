import os
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from analytics.facts.schemas import GROUPS, CohortFilters, Grain
from analytics.kpis.service import public_figures
from analytics.kpis.service.access import PUBLIC
from analytics.kpis.service.disclosure import protect
from analytics.kpis.service.figures import figure
from analytics.kpis.service.public_figures import PublicFigures
from tests.analytics.public_worlds import public_kpis, random_appeals, read_everything, requests

WORLDS = int(os.environ.get("ARYZ_ATTACK_WORLDS", "20"))  # `make attack-figures` for 1000
FIRST = int(os.environ.get("ARYZ_ATTACK_FIRST", "0"))
FILTERS = CohortFilters(channel="APP", kind="COMPLAINT", category="QUALITY", topic="REFERRAL", tier=1, district="X", language="kk")
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # other tests compare the counts of both engines


class TestAllPublicAnswersTogether:
    @SQLITE
    @pytest.mark.timeout(60 + WORLDS * 10)
    async def test_no_small_count_has_fewer_than_five_possible_values(self, world):
        for number in range(FIRST, FIRST + WORLDS):
            reader = await read_everything(world, random_appeals(random.Random(number)))
            narrowed = reader.attack.narrowed()
            assert not narrowed, (number, [(sorted(each.cells), each.true, each.low, each.high, each.values) for each in narrowed])

    @SQLITE
    async def test_filters_and_groups_show_nothing_else(self, world):
        reader = await read_everything(world, random_appeals(random.Random(1)))
        public = PublicFigures()
        async with world.parts.units.read() as work:
            for kpi in public_kpis():
                for number, request in enumerate(requests(reader.regions)):
                    plain = await figure(work, kpi, request, PUBLIC, public)
                    group = sorted(GROUPS[Grain.APPEALS])[number % len(GROUPS[Grain.APPEALS])]
                    asked = await figure(work, kpi, replace(request, filters=FILTERS, group_by=group), PUBLIC, public)
                    assert asked.params_ignored[-1] == "group_by"
                    assert asked.model_copy(update={"params_ignored": []}) == plain


class TestQuarters:
    @SQLITE
    async def test_a_quarter_is_protected_again_only_if_its_counts_change(self, world, make, monkeypatch):
        calls = []
        monkeypatch.setattr(public_figures, "protect", lambda *given: calls.append(given) or protect(*given))
        await world.consume(*(make("appeal-imported", number) for number in range(9)))
        assert (await world.kpi("received", None))["value"] == 9
        assert len(calls) == 4
        world.clock.advance(timedelta(minutes=1))
        await world.consume(make("appeal-registered", 100))
        assert (await world.kpi("received", None))["value"] == 9
        assert len(calls) == 4
        world.clock.advance(timedelta(minutes=1))
        await world.consume(make("appeal-imported", 10))
        assert (await world.kpi("received", None))["value"] == 10
        assert len(calls) == 5
