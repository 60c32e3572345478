"""The benchmark of analytics runs in small and measures what it says."""

from tests.benchmarks.analytics import questions, run

PARTS = ("figures", "consume", "rebuild", "export")


class TestBenchmark:
    async def test_every_part_is_measured(self, tmp_path):
        found = await run(None, tmp_path, facts=40, rounds=1, appeals=30, parts=PARTS)
        assert found["figures"].keys() == questions().keys()
        assert found["consumed_empty"]["events"] > 60
        assert found["rebuilt"]["events"] > 60
        assert all(row["bytes"] > 1_000 for row in found["export"].values())
