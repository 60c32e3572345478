from datetime import UTC, datetime, timedelta

import pytest

from shared import budget
from shared.budget import Budget
from shared.clock import FakeClock
from shared.errors import TooMany
from tests.processor_time import processor_time


class TestBudget:
    def test_it_is_spent_per_address_and_refills_evenly(self):
        clock = FakeClock(datetime(2026, 2, 2, tzinfo=UTC))
        budget = Budget(2, clock)
        budget.spend("a")
        budget.spend("a")
        with pytest.raises(TooMany) as refused:
            budget.spend("a")
        assert refused.value.headers["Retry-After"] == "30"
        budget.spend("b")
        clock.advance(timedelta(seconds=30))
        budget.spend("a")

    def test_an_ipv6_network_is_one_client(self):
        budget = Budget(1, FakeClock(datetime(2026, 2, 2, tzinfo=UTC)))
        budget.spend("2001:db8::1")
        with pytest.raises(TooMany):
            budget.spend("2001:db8::2")
        budget.spend("2001:db8:0:1::1")

    def test_more_addresses_than_are_remembered_push_out_the_one_that_was_longest_silent(self, monkeypatch):
        monkeypatch.setattr(budget, "REMEMBERED", 3)
        bucket = Budget(1, FakeClock(datetime(2026, 2, 2, tzinfo=UTC)))
        for address in "abcd":
            bucket.spend(address)
        assert len(bucket._left) == 3
        for address in "bcd":
            with pytest.raises(TooMany):
                bucket.spend(address)
        bucket.spend("a")

    def test_a_flood_of_addresses_costs_the_same_for_each(self):
        """Linear in all: 300 000 addresses, three times what is remembered, in seconds of processor time, not hours."""
        bucket = Budget(60, FakeClock(datetime(2026, 2, 2, tzinfo=UTC)))
        with processor_time() as spent:
            for address in range(300_000):
                bucket.spend(f"203.0.{address}")
        assert spent.seconds < 30
        assert len(bucket._left) == budget.REMEMBERED

    def test_zero_is_no_limit(self):
        budget = Budget(0, FakeClock(datetime(2026, 2, 2, tzinfo=UTC)))
        for _ in range(1000):
            budget.spend("a")


class TestAnonymousFiling:
    async def test_beyond_the_budget_it_is_429_and_a_token_is_not_limited(self, tmp_path, start):
        async with start(tmp_path, anonymous_per_minute=2) as desk:
            answers = [await desk.file() for _ in range(3)]
            assert [one.status_code for one in answers] == [201, 201, 429]
            assert answers[-1].headers["Retry-After"] == "30"
            assert (await desk.file(desk.token("applicant"))).status_code == 201
