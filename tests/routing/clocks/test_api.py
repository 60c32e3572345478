import pytest


class TestDeadlines:
    @pytest.mark.parametrize(
        ("start", "fifteen", "twenty"),
        [
            ("2026-02-02", "2026-02-23", "2026-03-02"),
            ("2026-02-06", "2026-02-27", "2026-03-06"),
            ("2026-04-28", "2026-05-22", "2026-06-01"),
            ("2026-05-22", "2026-06-15", "2026-06-22"),
            ("2026-12-11", "2027-01-06", "2027-01-14"),
        ],
    )
    async def test_everybody_gets_the_last_day_with_its_calculation(self, desk, start, fifteen, twenty):
        for policy, due in (("APPK_15WD", fifteen), ("APPK_20WD", twenty)):
            found = (await desk.client.get("/routing/v1/deadlines", params={"policy": policy, "from": start})).json()
            assert (found["policy"], found["from"], found["due_on"], found["starts_at"]) == (policy, start, due, "registration")
            days = found["explanation"]
            assert (days[0]["date"], days[0]["counts"], days[-1]["date"]) == (start, None, due)
            assert all(day["kk"] and day["ru"] and day["en"] for day in days)

    async def test_a_day_outside_the_calendar_is_refused(self, desk):
        refused = await desk.client.get("/routing/v1/deadlines", params={"policy": "APPK_15WD", "from": "2035-01-01"})
        assert (refused.status_code, refused.json()["code"]) == (422, "calendar-gap")

    @pytest.mark.parametrize("start", ["0", "2026-02-30", "20260202", "2026-W05-1", "2026-02-02T00:00", "вчера", "٢٠٢٦-٠٢-٠٢"])
    async def test_only_a_day_is_a_day(self, desk, start):
        refused = await desk.client.get("/routing/v1/deadlines", params={"policy": "APPK_15WD", "from": start})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "from")

    async def test_an_unknown_policy_is_422(self, desk):
        refused = await desk.client.get("/routing/v1/deadlines", params={"policy": "NEVER", "from": "2026-02-02"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "policy")
