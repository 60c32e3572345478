import asyncio
from datetime import timedelta

import httpx
import pytest

from intake.register.models import WrongAttempt
from intake.register.service import guessing
from shared.domain.identifiers import RegistrationNumber


async def filed_appeal(desk):
    answer = (await desk.file()).json()
    return answer["number"], answer["pin"], "00000000" if answer["pin"] != "00000000" else "11111111"


class TestDelay:
    async def test_it_grows_with_each_wrong_pin_and_a_right_one_has_to_wait_too(self, desk):
        number, pin, wrong = await filed_appeal(desk)
        for _ in range(3):
            assert (await desk.track(number, wrong)).status_code == 404
        delays = []
        for _ in range(4):
            refused = await desk.track(number, pin)
            assert refused.status_code == 429
            delays.append(int(refused.headers["Retry-After"]))
            desk.clock.advance(timedelta(seconds=delays[-1]))
            assert (await desk.track(number, wrong)).status_code == 404
        assert delays == [1, 2, 4, 8]
        desk.clock.advance(timedelta(seconds=16))
        assert (await desk.track(number, pin)).status_code == 200

    async def test_a_number_that_does_not_exist_is_delayed_alike(self, desk):
        number, _, wrong = await filed_appeal(desk)
        for tried in (number, RegistrationNumber.format(2026, "43", 9_000_001), "not-a-number"):
            assert [(await desk.track(tried, wrong)).status_code for _ in range(5)] == [404, 404, 404, 429, 429]

    async def test_others_attempts_do_not_delay_the_applicant(self, desk):
        number, pin, wrong = await filed_appeal(desk)
        for _ in range(5):
            await desk.track(number, wrong)
        transport = httpx.ASGITransport(desk.app, client=("198.51.100.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://aryz.example") as elsewhere:
            answer = await elsewhere.get(f"/intake/v1/appeals/{number}", headers={"Appeal-Pin": pin})
        assert answer.status_code == 200

    async def test_right_pins_are_never_counted(self, desk):
        number, pin, _ = await filed_appeal(desk)
        assert {(await desk.track(number, pin)).status_code for _ in range(40)} == {200}
        assert await desk.rows(WrongAttempt) == []

    async def test_parallel_guesses_are_counted_one_by_one(self, desk):
        number, _, wrong = await filed_appeal(desk)
        answers = await asyncio.gather(*(desk.track(number, wrong) for _ in range(20)))
        assert sorted(one.status_code for one in answers) == [404] * 3 + [429] * 17

    async def test_staff_looking_for_a_number_are_not_guessing(self, desk):
        answers = [await desk.track("2026-43-9000001-0", headers=desk.token("operator")) for _ in range(5)]
        assert {one.status_code for one in answers} == {404}


class TestAddress:
    async def test_it_has_a_budget_over_all_numbers_and_rests_when_it_is_spent(self, desk):
        numbers = [RegistrationNumber.format(2026, "43", sequence) for sequence in range(5, 36)]
        statuses = [(await desk.track(number, "1")).status_code for number in numbers]
        assert statuses == [404] * 30 + [429]
        desk.clock.advance(timedelta(minutes=15))
        assert (await desk.track(numbers[-1], "1")).status_code == 404

    @pytest.mark.parametrize(
        ("address", "other", "is_same"),
        [
            ("2001:db8::1", "2001:db8::ffff", True),
            ("2001:db8::1", "2001:db8:0:1::1", False),
            ("192.0.2.1", "192.0.2.2", False),
        ],
    )
    async def test_an_ipv6_network_counts_as_a_single_address(self, desk, address, other, is_same):
        guesses = desk.app.state.intake.guesses
        assert (guesses.attempt("n", address) == guesses.attempt("n", other)) is is_same

    async def test_neither_number_nor_address_is_stored(self, desk):
        await desk.track("2026-43-9000001-0", "1")
        stored = repr(await desk.rows(WrongAttempt))
        assert "192.0.2" not in stored
        assert "9000001" not in stored


class TestPurge:
    async def test_attempts_are_dropped_after_a_day(self, desk):
        await desk.track("x", "1")
        async with desk.parts.units.write() as work:
            await guessing.purge_attempts(work)
        assert len(await desk.rows(WrongAttempt)) == 3
        desk.clock.advance(timedelta(days=1, seconds=1))
        async with desk.parts.units.write() as work:
            await guessing.purge_attempts(work)
        assert await desk.rows(WrongAttempt) == []
