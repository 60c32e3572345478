from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from analytics.kpis.policy import Measure, kpi_definitions
from shared.contracts import CallEnded, ProviderRecorded, QuestionSelfServed
from tests.analytics.figures import publish_kyzylorda

IN_2025 = datetime(2025, 6, 2, 6, tzinfo=UTC)


def ended(number, outcome="ANSWERED", waited=5, talked=60, offered_at=IN_2025):
    return CallEnded(
        call_id=UUID(int=900 + number),
        queue="kk",
        region="KZ-43",
        offered_at=offered_at,
        answered_at=None,
        ended_at=offered_at + timedelta(minutes=2),
        outcome=outcome,
        waited_seconds=waited,
        talked_seconds=talked,
    )


def served(number, region):
    return QuestionSelfServed(
        question_id=UUID(int=700 + number),
        article_id=UUID(int=1),
        topic="REFERRAL",
        channel="WEB",
        region=region,
        language="kk",
        served_at=IN_2025,
    )


class TestFigure:
    async def test_kyzylordas_complaints_fell_by_111_which_is_13_1_per_cent(self, world, make):
        await publish_kyzylorda(world, make)
        figure = await world.kpi("complaints", region="KZ-43", compare="previous_year")
        assert (figure["value"], figure["n"], figure["unit"], figure["suppressed"]) == (736, 736, "appeals", False)
        assert figure["comparison"] == {
            "from": "2024-01-01", "to": "2024-12-31", "value": 847, "change": -111, "change_percent": -13.1, "suppressed": False,
        }  # fmt: skip

    async def test_february_is_compared_with_the_whole_february_of_a_leap_year(self, world, make):
        days = [(2024, 2, 28), (2024, 2, 29), (2024, 2, 29), (2025, 2, 27)]
        events = [
            make("appeal-imported", number, region="KZ-31", received_at=datetime(*day, 6, tzinfo=UTC)) for number, day in enumerate(days)
        ]
        await world.consume(*events)
        february = {"from": "2025-02-01", "to": "2025-02-28", "region": "KZ-31", "compare": "previous_year"}
        figure = await world.kpi("received", **february)
        assert (figure["value"], figure["comparison"]) == (1, {
            "from": "2024-02-01", "to": "2024-02-29", "value": 3, "change": -2, "change_percent": -66.7, "suppressed": False,
        })  # fmt: skip

    async def test_categories_roll_up_and_those_without_one_are_counted_too(self, world, make):
        await publish_kyzylorda(world, make)
        figure = await world.kpi("complaints_by_category", region="KZ-43")
        assert [(part["code"], part["value"], part["share"]) for part in figure["parts"]] == [
            ("QUALITY", 294, 39.9), ("REFUSAL", 238, 32.3), ("DRUGS", 94, 12.8), ("UNSPECIFIED", 110, 14.9),
        ]  # fmt: skip
        assert sum(part["value"] for part in figure["parts"]) == figure["value"] == 736
        assert figure["parts"][0]["kk"] == "Медициналық көмектің сапасы"
        assert figure["parts"][-1]["ru"] == "Не указано"

    async def test_what_a_source_left_unsplit_is_neither_resolved_nor_withdrawn(self, world, make):
        await publish_kyzylorda(world, make)
        outcomes = await world.kpi("outcomes", region="KZ-43")
        assert [(part["code"], part["value"], part["share"]) for part in outcomes["parts"]] == [
            ("ON_SPOT_OR_WITHDRAWN_UNSPLIT", 415, 56.4), ("JUSTIFIED", 321, 43.6),
        ]  # fmt: skip
        for kpi_id in ("resolved_on_spot", "withdrawn"):
            figure = await world.kpi(kpi_id, region="KZ-43")
            assert (figure["value"], figure["n"]) == (0, 736)

    async def test_there_is_no_per_cent_against_a_year_without_appeals(self, world, make):
        await world.consume(make("appeal-imported", 1))
        figure = await world.kpi("received", compare="previous_year")
        assert figure["comparison"] | {"from": None, "to": None} == {
            "from": None, "to": None, "value": 0, "change": 1, "change_percent": None, "suppressed": False,
        }  # fmt: skip

    async def test_a_figure_without_appeals_is_zero_and_has_no_parts(self, world):
        figure = await world.kpi("received_by_channel")
        assert (figure["value"], figure["n"], figure["parts"], figure["comparison"]) == (0, 0, [], None)

    async def test_the_figure_is_as_of_the_newest_event_in_it(self, world, make):
        assert (await world.kpi("received"))["as_of"] == "2026-02-05T06:00:00Z"
        await world.consume(make("appeal-imported", 1), at=world.clock.now() - timedelta(days=2))
        world.clock.advance(timedelta(days=5))
        assert (await world.kpi("received"))["as_of"] == "2026-02-03T06:00:00Z"

    async def test_the_last_second_of_a_local_day_belongs_to_it_and_the_next_one_does_not(self, world, make):
        await world.consume(
            make("appeal-imported", 1, received_at=datetime(2025, 12, 31, 18, 59, 59, tzinfo=UTC)),
            make("appeal-imported", 2, received_at=datetime(2025, 12, 31, 19, 0, 0, tzinfo=UTC)),
        )
        assert [(await world.kpi("received", year=year))["value"] for year in (2025, 2026)] == [1, 1]

    async def test_all_regions_together_count_each_by_its_own_midnight(self, world, make):
        moment = datetime(2024, 2, 28, 18, 0, tzinfo=UTC)  # 29 February in Almaty, still 28 February in Kyzylorda
        await world.consume(make("appeal-imported", 1, received_at=moment), make("appeal-imported", 2, received_at=moment, region="KZ-75"))
        figure = await world.kpi("received_by_region", **{"from": "2024-02-29", "to": "2024-02-29", "compare": "previous_year"})
        assert [(part["code"], part["value"]) for part in figure["parts"]] == [("KZ-75", 1)]
        assert (figure["comparison"]["from"], figure["comparison"]["to"]) == ("2023-02-28", "2023-02-28")

    async def test_a_correction_moves_an_appeal_to_its_new_category_and_kind(self, world, make):
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1))
        assert [part["code"] for part in (await world.kpi("complaints_by_category", year=2026))["parts"]] == ["QUALITY"]
        await world.consume(make("classification-corrected", 1))
        assert [part["code"] for part in (await world.kpi("complaints_by_category", year=2026))["parts"]] == ["REFUSAL"]
        await world.consume(make("classification-corrected", 1, kind="CONSULTATION", category=None, topic="REFERRAL"))
        assert (await world.kpi("complaints", year=2026))["value"] == 0
        topics = await world.kpi("consultations_by_topic", year=2026)
        assert [(part["code"], part["value"], part["share"]) for part in topics["parts"]] == [("REFERRAL", 1, 100.0)]

    async def test_an_outcome_counts_for_the_day_of_the_appeal_not_of_the_outcome(self, world, make):
        at = datetime(2025, 12, 30, 6, 0, tzinfo=UTC)
        await world.consume(make("appeal-registered", 1, received_at=at), make("appeal-routed", 1))
        outcomes = await world.kpi("outcomes")
        assert [(part["code"], part["ru"]) for part in outcomes["parts"]] == [("UNSPECIFIED", "Ещё не завершено")]
        await world.consume(make("case-closed", 1, outcome="WITHDRAWN"))
        assert [(await world.kpi("withdrawn", year=year))["value"] for year in (2025, 2026)] == [1, 0]

    async def test_providers_are_called_by_their_names(self, world, make):
        known, unknown = UUID(int=5), UUID(int=6)
        names = {"name_kk": "Сынақ емханасы", "name_ru": "Тестовая поликлиника", "short_name": "", "aliases": [], "region": "KZ-43"}
        await world.consume(ProviderRecorded(provider_id=known, district="", kind="POLYCLINIC", ownership="STATE", active=True, **names))
        await world.consume(*(make("appeal-imported", number) for number in range(4)))
        await world.consume(
            *(make("provider-matched", number, provider_id=known) for number in (0, 1)), make("provider-matched", 2, provider_id=unknown)
        )
        parts = (await world.kpi("complaints_by_provider"))["parts"]
        assert [(part["code"], part["value"], part["kk"]) for part in parts] == [
            (str(known), 2, "Сынақ емханасы"), (str(unknown), 1, str(unknown)), ("UNSPECIFIED", 1, "Көрсетілмеген"),
        ]  # fmt: skip

    async def test_tiers_are_those_reached(self, world, make):
        for number in (1, 2):
            await world.consume(make("appeal-registered", number), make("appeal-routed", number))
        await world.consume(make("tier-raised", 1, tier=3), make("appeal-imported", 3, received_at=world.clock.now()))
        assert {part["code"]: part["value"] for part in (await world.kpi("received_by_tier", year=2026))["parts"]} == {
            "2": 1,
            "3": 1,
            "UNSPECIFIED": 1,
        }


class TestEveryFigure:
    @pytest.mark.parametrize("kpi_id", [kpi.id for kpi in kpi_definitions().values() if kpi.group])
    async def test_its_parts_add_up_to_it(self, world, make, kpi_id):
        kinds = [
            ("COMPLAINT", "QUALITY_DEATH", None),
            ("CONSULTATION", None, "REFERRAL"),
            ("CONSULTATION", None, None),
            ("OTHER", None, None),
        ]
        events = [
            make(
                "appeal-imported",
                n,
                kind=kind,
                category=category,
                topic=topic,
                region=["KZ-43", "KZ-27"][n % 2],
                channel=["APP", "WEB"][n % 2],
            )
            for n in range(40)
            for kind, category, topic in [kinds[n % 4]]
        ]
        if kpi_definitions()[kpi_id].measure is Measure.BACKLOG:  # imported appeals wait for nothing
            events = [make("appeal-registered", n, received_at=IN_2025, registered_at=IN_2025) for n in range(40)]
        await world.consume(*events)
        for role in ("admin", None):
            if role is None and not kpi_definitions()[kpi_id].public:
                continue
            figure = await world.kpi(kpi_id, role)
            assert figure["value"] == figure["n"] == sum(part["value"] for part in figure["parts"]) > 0


class TestSuppression:
    async def test_the_public_reads_no_small_cell_and_cannot_work_it_out(self, world, make):
        channels = {"APP": 12, "WEB": 6, "MAIL": 2}
        number = iter(range(100))
        await world.consume(
            *(make("appeal-imported", next(number), channel=channel) for channel, count in channels.items() for _ in range(count))
        )
        figure = await world.kpi("received_by_channel", None)
        assert figure["value"] == 20
        assert [(part["code"], part["value"], part["share"], part["suppressed"]) for part in figure["parts"]] == [
            ("APP", 12, 60.0, False), ("MAIL", None, None, True), ("WEB", None, None, True),
        ]  # fmt: skip
        assert [part["value"] for part in (await world.kpi("received_by_channel"))["parts"]] == [12, 6, 2]

    async def test_a_small_figure_is_hidden_whole(self, world, make):
        await world.consume(*(make("appeal-imported", number) for number in range(4)))
        figure = await world.kpi("received_by_channel", None, compare="previous_year")
        assert (figure["value"], figure["n"], figure["suppressed"], figure["parts"]) == (None, None, True, [])
        assert (figure["comparison"]["value"], figure["comparison"]["change"], figure["comparison"]["change_percent"]) == (0, None, None)

    async def test_a_small_year_before_is_hidden_and_so_is_the_change(self, world, make):
        before = datetime(2024, 6, 10, 5, 0, tzinfo=UTC)
        await world.consume(*(make("appeal-imported", number) for number in range(9)), make("appeal-imported", 99, received_at=before))
        comparison = (await world.kpi("received", None, compare="previous_year"))["comparison"]
        assert (comparison["value"], comparison["change"], comparison["change_percent"], comparison["suppressed"]) == (
            None,
            None,
            None,
            True,
        )


class TestCalls:
    async def test_the_centres_figures_come_from_whole_numbers(self, world):
        answered = [("ANSWERED", 10, 100), ("ANSWERED", 20, 50), ("ANSWERED", 45, 33)]
        calls = [*answered, ("ABANDONED", 30, 0), ("ABANDONED", 4, 0), ("AFTER_HOURS", 0, 0)]
        await world.consume(*(ended(number, *call) for number, call in enumerate(calls)))
        found = {kpi: await world.kpi(kpi) for kpi in kpi_definitions() if kpi.startswith("calls_")}
        assert {item: (figure["value"], figure["n"]) for item, figure in found.items()} == {
            "calls_offered": (5, 5), "calls_answered": (3, 5), "calls_abandoned": (1, 5), "calls_abandoned_short": (1, 5),
            "calls_waiting_time": (25.0, 3), "calls_handling_time": (61.0, 3), "calls_service_level": (50.0, 4),
        }  # fmt: skip

    async def test_a_call_consumed_twice_counts_once_and_belongs_to_its_regions_day(self, world):
        await world.consume(ended(1), ended(1), ended(2, offered_at=datetime(2025, 12, 31, 19, tzinfo=UTC)))
        assert (await world.kpi("calls_offered", compare="previous_year"))["comparison"]["change"] == 1
        assert (await world.kpi("calls_offered", region="KZ-75"))["value"] == 0
        assert (await world.kpi("calls_offered", year=2026))["value"] == 1

    async def test_of_no_calls_there_is_no_average(self, world):
        assert (await world.kpi("calls_waiting_time", compare="previous_year"))["value"] is None


class TestSelfService:
    async def test_questions_that_an_article_answered_are_counted_once_and_hide_no_appeal(self, world, make):
        await world.consume(make("appeal-imported", 1, kind="CONSULTATION"))
        before = (await world.kpi("received"))["value"]
        await world.consume(*(served(number, region) for number, region in ((1, "KZ-43"), (1, "KZ-43"), (2, None), (3, "KZ-75"))))
        assert (await world.kpi("self_served"))["value"] == 3
        assert (await world.kpi("self_served", region="KZ-43"))["value"] == 1
        assert (await world.kpi("received"))["value"] == before


class TestSatisfaction:
    async def test_it_is_the_average_of_the_latest_ratings(self, world, make):
        registrations = [make("appeal-registered", number, received_at=IN_2025) for number in (1, 2, 3)]
        rated = [make("appeal-rated", number, score=score) for number, score in ((1, 1), (1, 5), (2, 4), (3, 4))]
        await world.consume(*registrations, *rated)
        figure = await world.kpi("satisfaction")
        assert (figure["value"], figure["n"], figure["unit"]) == (4.3, 3, "score")


class TestAgreement:
    async def figures(self, world) -> dict:
        names = ("", "_auto", "_suggest", "_triage", "_kk", "_ru")
        found = {name: await world.kpi(f"classifier_agreement{name}") for name in names}
        return {name: (figure["value"], figure["n"]) for name, figure in found.items()}

    async def test_the_first_person_who_works_on_an_appeal_agrees_or_not(self, world, make):
        slices = [("auto", "kk"), ("auto", "ru"), ("suggest", "kk"), ("triage", "ru"), ("auto", "kk")]
        for number, (decision, language) in enumerate(slices, start=1):
            registered = make("appeal-registered", number, received_at=IN_2025)
            routed = make("appeal-routed", number, decision=decision, language=language, versions={"method": "model"})
            await world.consume(registered, routed)
        assert await self.figures(world) == dict.fromkeys(("", "_auto", "_suggest", "_triage", "_kk", "_ru"), (None, 0))
        same = {"kind": "COMPLAINT", "category": "QUALITY_TREATMENT", "topic": None}
        await world.consume(make("answer-given", 1), make("classification-corrected", 1))  # too late: the answer agreed
        await world.consume(make("classification-corrected", 2), make("answer-given", 2))
        await world.consume(make("classification-corrected", 3, **same))
        await world.consume(make("classification-corrected", 4))
        assert await self.figures(world) == {
            "": (50.0, 4), "_auto": (50.0, 2), "_suggest": (100.0, 1), "_triage": (0.0, 1), "_kk": (100.0, 2), "_ru": (0.0, 2),
        }  # fmt: skip
        by_kind = [await world.kpi(f"classifier_agreement_{kind}") for kind in ("complaint", "consultation")]
        assert [(figure["value"], figure["n"]) for figure in by_kind] == [(50.0, 4), (None, 0)]

    async def test_with_the_applicants_own_declaration_nobody_can_disagree(self, world, make):
        routed = make("appeal-routed", 1, versions={"method": "declared"})
        await world.consume(make("appeal-registered", 1, received_at=IN_2025), routed, make("classification-corrected", 1))
        assert (await self.figures(world))[""] == (None, 0)


class TestFollowing:
    async def test_an_appeal_that_follows_another_is_not_counted_again(self, world, make):
        first = make("appeal-registered", 1, received_at=IN_2025, kind="COMPLAINT")
        await world.consume(first, make("appeal-registered", 2, received_at=IN_2025, kind="COMPLAINT", follows=first.appeal_id))
        assert [(await world.kpi(each))["value"] for each in ("received", "complaints")] == [1, 1]
