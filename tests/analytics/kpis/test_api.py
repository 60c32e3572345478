from datetime import UTC, datetime

import pytest

PERIOD = {"from": "2025-01-01", "to": "2025-12-31"}
PUBLIC = [
    "received", "complaints", "received_by_channel", "received_by_kind", "received_by_region", "complaints_by_category",
    "consultations_by_topic",
]  # fmt: skip
OTHERS = ["operator", "specialist", "expert", "provider", "partner", "applicant", "channel", "service"]


class TestListKpis:
    @pytest.mark.parametrize(("role", "region"), [("analyst", None), ("admin", None), ("supervisor", "KZ-43"), ("head", "KZ-43")])
    async def test_those_who_lead_and_analyse_find_all_figures(self, world, role, region):
        answer = (await world.get("/kpis", role, region, limit=100)).json()
        assert (answer["total"], len(answer["items"]), answer["next_cursor"]) == (60, 60, None)
        assert answer["items"][1] == {
            "id": "complaints", "kk": "Шағымдар", "ru": "Жалобы", "en": "Complaints", "unit": "appeals", "metric_version": 2,
            "grain": "appeals", "direction": "down", "minimum_n": 1,
        }  # fmt: skip

    async def test_everybody_finds_the_public_ones(self, world):
        assert [item["id"] for item in (await world.get("/kpis", None)).json()["items"]] == PUBLIC

    @pytest.mark.parametrize("role", OTHERS)
    async def test_other_roles_find_what_everybody_finds(self, world, role):
        assert (await world.get("/kpis", role, "KZ-43")).json() == (await world.get("/kpis", None)).json()

    async def test_who_leads_no_region_finds_none(self, world):
        assert [(await world.get("/kpis", role)).status_code for role in ("supervisor", "head")] == [403, 403]

    async def test_an_unknown_parameter_is_refused_by_its_name(self, world):
        for path in ("/kpis", "/live"):
            refused = await world.get(path, None, regoin="KZ-43")
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown-field")


class TestReadKpi:
    @pytest.mark.parametrize("role", ["supervisor", "head"])
    async def test_a_branch_sees_its_own_region_alone(self, world, make, role):
        await world.consume(make("appeal-imported", 1), make("appeal-imported", 2, region="KZ-27"))
        own = (await world.get("/kpis/received_by_region", role, "KZ-43", **PERIOD)).json()
        assert (own["value"], own["region"], [part["code"] for part in own["parts"]]) == (1, "KZ-43", ["KZ-43"])
        assert (await world.get("/kpis/received", role, "KZ-43", **PERIOD, region="KZ-43")).json()["value"] == 1
        assert (await world.get("/kpis/received", role, None, **PERIOD)).status_code == 403
        assert (await world.get("/kpis/received", role, "", **PERIOD)).status_code == 403

    @pytest.mark.parametrize("role", ["supervisor", "head"])
    async def test_of_another_region_a_branch_gets_what_anybody_gets(self, world, make, role):
        await world.consume(make("appeal-imported", 1), make("appeal-imported", 2, region="KZ-27"))
        for asked in ({}, {"compare": "previous_year"}):
            theirs = await world.get("/kpis/received", role, "KZ-43", **PERIOD, region="KZ-27", **asked)
            assert theirs.json() == (await world.get("/kpis/received", None, **PERIOD, region="KZ-27", **asked)).json()
            assert theirs.json()["suppressed"] is True
        refused = await world.get("/kpis/withdrawn", role, "KZ-43", **PERIOD, region="KZ-27")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")

    @pytest.mark.parametrize("role", ["supervisor", "head"])
    async def test_of_another_region_a_head_reads_what_everybody_reads(self, world, make, role):
        await world.consume(*(make("appeal-imported", number, region="KZ-27", channel="WEB") for number in range(12)))
        asked = PERIOD | {"region": "KZ-27"}
        read = await world.get("/kpis/received_by_channel", role, "KZ-43", **asked)
        assert read.json() == (await world.get("/kpis/received_by_channel", None, **asked)).json()
        part_of_it = asked | {"to": "2025-12-30"}
        refused = await world.get("/kpis/received_by_channel", role, "KZ-43", **part_of_it)
        assert (refused.status_code, refused.json()["code"]) == (422, "period-not-public")

    @pytest.mark.parametrize("role", [None, *OTHERS])
    @pytest.mark.parametrize(
        ("first", "last"),
        [
            ("2025-01-01", "2025-01-31"), ("2025-01-01", "2025-12-30"), ("2025-01-02", "2025-12-31"), ("2024-01-01", "2025-12-31"),
            ("2025-04-01", "2025-09-30"), ("2025-02-01", "2025-02-01"), ("2026-01-01", "2026-03-31"), ("2026-01-01", "2026-12-31"),
        ],
    )  # fmt: skip
    async def test_another_period_is_not_public_and_the_answer_names_those_that_are(self, world, role, first, last):
        refused = await world.get("/kpis/received", role, "KZ-43", **{"from": first, "to": last})
        assert (refused.status_code, refused.json()["code"]) == (422, "period-not-public")
        assert all(word in refused.json()["detail"] for word in ("quarters", "half-years", "years"))

    @pytest.mark.parametrize(("first", "last"), [("2025-07-01", "2025-09-30"), ("2025-01-01", "2025-06-30"), ("2024-01-01", "2024-12-31")])
    async def test_whole_quarters_half_years_and_years_that_are_over_are_public(self, world, first, last):
        assert (await world.get("/kpis/received", None, **{"from": first, "to": last})).status_code == 200

    async def test_a_year_is_public_once_it_is_over_in_the_region(self, world):
        world.clock.set(datetime(2023, 12, 31, 18, 30, tzinfo=UTC))  # 00:30 in Almaty at UTC+6 then, 23:30 in Kyzylorda at UTC+5
        asked = {"from": "2023-01-01", "to": "2023-12-31"}
        answers = [await world.get("/kpis/received", None, **asked, region=region) for region in ("KZ-75", "KZ-43")]
        assert [each.status_code for each in answers] == [200, 422]
        assert (await world.get("/kpis/received", None, **asked)).status_code == 422

    async def test_analysts_see_all_regions_or_one(self, world, make):
        await world.consume(make("appeal-imported", 1), make("appeal-imported", 2, region="KZ-27"))
        assert (await world.kpi("received"))["value"] == 2
        assert (await world.kpi("received", region="KZ-27"))["value"] == 1

    async def test_a_figure_that_is_not_public_asks_for_a_token(self, world):
        response = await world.get("/kpis/withdrawn", None, **PERIOD)
        assert (response.status_code, response.json()["code"]) == (401, "unauthorized")

    @pytest.mark.parametrize("role", OTHERS)
    async def test_other_roles_read_the_public_figures_suppressed_and_no_more(self, world, make, role):
        await world.consume(make("appeal-imported", 1), *(make("appeal-imported", number, channel="WEB") for number in range(2, 9)))
        asked = await world.get("/kpis/received_by_channel", role, "KZ-43", **PERIOD)
        assert asked.json() == (await world.get("/kpis/received_by_channel", None, **PERIOD)).json()
        assert any(part["suppressed"] for part in asked.json()["parts"])
        refused = await world.get("/kpis/withdrawn", role, "KZ-43", **PERIOD)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")

    async def test_the_whole_century_may_be_asked_for(self, world, make):
        await world.consume(make("appeal-imported", 1, received_at=datetime(2003, 6, 10, 5, 0, tzinfo=UTC)), make("appeal-imported", 2))
        whole = (await world.get("/kpis/received", **{"from": "2000-01-01", "to": "2099-12-31", "compare": "previous_year"})).json()
        assert (whole["value"], whole["comparison"]["from"]) == (2, "1999-01-01")
        assert (await world.kpi("received", year=2003))["value"] == 1

    async def test_an_unknown_figure_is_not_found(self, world):
        assert (await world.get("/kpis/rumours", **PERIOD)).status_code == 404

    @pytest.mark.parametrize(
        ("changed", "field", "code"),
        [
            ({"from": None}, "from", "required"),
            ({"to": None}, "to", "required"),
            ({"from": "01.01.2025"}, "from", "bad-format"),
            ({"from": "0"}, "from", "bad-format"),
            ({"from": "20250101"}, "from", "bad-format"),
            ({"from": "2025-02-30"}, "from", "bad-format"),
            ({"from": "1999-12-31"}, "from", "out-of-range"),
            ({"to": "2100-01-01"}, "to", "out-of-range"),
            ({"to": "2024-12-31"}, "to", "before-from"),
            ({"region": "KZ-99"}, "region", "unknown-code"),
            ({"compare": "last_week"}, "compare", "unknown-code"),
            ({"regoin": "KZ-43"}, "regoin", "unknown-field"),
            ({"as_of": "2026-01-01T00:00:00Z"}, "as_of", "unknown-field"),  # not ignored: the answer would be of another time
        ],
    )
    async def test_a_wrong_question_is_refused_by_its_field(self, world, changed, field, code):
        asked = {name: value for name, value in (PERIOD | changed).items() if value is not None}
        response = await world.get("/kpis/received", **asked)
        assert response.status_code == 422
        assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
        assert "2024-12-31" not in response.text

    async def test_the_answer_has_the_shape_that_clients_rely_on(self, world, make):
        await world.consume(make("appeal-imported", 1))
        figure = await world.kpi("received_by_channel", compare="previous_year")
        assert {"id", "from", "to", "as_of", "metric_version", "unit", "value", "n", "suppressed", "parts", "comparison"} <= set(figure)
        assert {"code", "value", "share"} <= set(figure["parts"][0])
        assert {"from", "to", "value", "change", "change_percent"} <= set(figure["comparison"])
