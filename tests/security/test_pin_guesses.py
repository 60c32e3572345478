"""Guessing PINs: from many addresses, through a telephone exchange, in parallel; and locking other people out by doing so."""

import asyncio
from datetime import timedelta

import httpx
import pytest
import structlog

from intake.register.models import OpenedCase, WrongAttempt
from intake.register.service import guessing
from shared.domain.identifiers import RegistrationNumber
from tests.intake.conftest import running
from tests.patience import PATIENCE

WRONG = ("00000000", "11111111")
EXCHANGE = "telephony"  # the role of a telephone exchange
MISSING = RegistrationNumber.format(2026, "43", 9_000_001)


@pytest.fixture
async def desk(engine, tmp_path):
    async with running(engine, tmp_path) as running_desk:
        yield running_desk


@pytest.fixture
async def own(desk):
    """Number, PIN and a wrong PIN of an appeal that an applicant filed with a token."""
    receipt = (await desk.file(desk.token("applicant", subject="own"))).json()
    return receipt["number"], receipt["pin"], next(pin for pin in WRONG if pin != receipt["pin"])


async def track_from(desk, address, number, pin=None, headers=None):
    transport = httpx.ASGITransport(desk.app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://aryz.example") as client:
        sent = {**({"Appeal-Pin": pin} if pin else {}), **(headers or {})}
        return await client.get(f"/intake/v1/appeals/{number}", headers=sent)


async def from_many(desk, number, pin, addresses=240):
    return [(await track_from(desk, f"198.51.{one // 200}.{one % 200 + 1}", number, pin)).status_code for one in range(addresses)]


async def keypad(desk, number, pin, caller):
    body = {"number": number, "pin": pin, "language": "kk", "from": caller}
    return await desk.client.post("/intake/v1/channels/phone/status", json=body, headers=desk.token(EXCHANGE, subject="exchange"))


def metric(desk, name):
    return sum(
        sample.value for family in desk.parts.metrics.registry.collect() for sample in family.samples if sample.name == f"aryz_{name}_total"
    )


class TestOneNumber:
    @pytest.mark.parametrize("exists", [True, False])
    async def test_at_most_thirty_guesses_an_hour_from_all_strangers_together_are_evaluated(self, desk, own, exists):
        number, pin, wrong = own
        number = number if exists else MISSING
        with structlog.testing.capture_logs() as logs:
            statuses = await from_many(desk, number, wrong)
        assert statuses == [404] * 30 + [429] * 210
        assert metric(desk, "guess_limits_reached") == 1
        assert metric(desk, "guesses_refused") == 210
        [warning] = [one for one in logs if one["log_level"] == "warning" and "guess" in one["event"]]
        assert number not in repr(warning)
        assert (await track_from(desk, "203.0.113.9", number, pin)).status_code == 429

    async def test_the_hour_is_a_sliding_one(self, desk, own):
        number, _, wrong = own
        assert await from_many(desk, number, wrong, 15) == [404] * 15
        desk.clock.advance(timedelta(minutes=30))
        assert (await from_many(desk, number, wrong, 40)).count(404) == 15
        desk.clock.advance(timedelta(minutes=30))
        refused = await track_from(desk, "203.0.113.1", number, wrong)
        assert refused.status_code == 404
        assert (await from_many(desk, number, wrong, 40)).count(404) == 14
        refused = await track_from(desk, "203.0.113.2", number, wrong)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(30 * 60))

    async def test_through_a_telephone_exchange_too(self, desk, own):
        number, _, wrong = own
        statuses = [(await keypad(desk, number, wrong, f"+7701000{one:04}")).status_code for one in range(60)]
        assert statuses == [404] * 30 + [429] * 30

    async def test_an_exchange_has_a_budget_over_all_numbers_which_does_not_concern_who_opened_the_case_before(self, desk, own):
        number, pin, _ = own
        assert (await keypad(desk, number, pin, "+77010000001")).status_code == 200
        numbers = [RegistrationNumber.format(2026, "43", sequence) for sequence in range(1_000, 1_310)]
        statuses = [(await keypad(desk, one, "00000000", f"+7702000{place:04}")).status_code for place, one in enumerate(numbers)]
        assert statuses == [404] * 300 + [429] * 10
        assert (await keypad(desk, number, pin, "+77010000001")).status_code == 200

    async def test_guesses_sent_together_from_many_addresses_pass_the_limit_nowhere(self, desk, own):
        number, _, wrong = own
        answers = await asyncio.gather(*(track_from(desk, f"198.51.100.{one}", number, wrong) for one in range(1, 81)))
        assert sorted(one.status_code for one in answers) == [404] * 30 + [429] * 50

    async def test_two_processes_share_the_limit(self, desk, own, engine, tmp_path):
        number, _, wrong = own
        async with running(engine, tmp_path, clock=desk.clock) as other:
            together = await asyncio.gather(
                *(
                    track_from(each, f"198.51.{place}.{one}", number, wrong)
                    for one in range(1, 41)
                    for place, each in enumerate((desk, other))
                )
            )
        assert sorted(one.status_code for one in together) == [404] * 30 + [429] * 50


class TestNobodyIsLockedOut:
    async def test_an_address_that_opened_the_case_before_has_a_budget_of_its_own(self, desk, own):
        number, pin, wrong = own
        assert (await track_from(desk, "203.0.113.7", number, pin)).status_code == 200
        await from_many(desk, number, wrong, 60)
        assert (await track_from(desk, "203.0.113.7", number, pin)).status_code == 200
        assert (await track_from(desk, "203.0.113.8", number, pin)).status_code == 429

    async def test_neighbours_behind_the_same_address_who_guess_at_other_numbers_do_not_count(self, desk, own):
        number, pin, _ = own
        assert (await desk.track(number, pin)).status_code == 200
        for sequence in range(5, 40):
            await desk.track(RegistrationNumber.format(2026, "43", sequence), "1")
        assert (await desk.track(number, pin)).status_code == 200

    async def test_whoever_opens_a_case_for_the_first_time_behind_such_an_address_waits_half_a_minute(self, desk, own):
        number, pin, _ = own
        for sequence in range(5, 40):
            await desk.track(RegistrationNumber.format(2026, "43", sequence), "1")
        refused = await desk.track(number, pin)
        assert (refused.status_code, int(refused.headers["Retry-After"])) == (429, 30)
        desk.clock.advance(timedelta(seconds=30))
        assert (await desk.track(number, pin)).status_code == 200

    async def test_the_applicants_own_token_opens_it_whatever_others_guess(self, desk, own):
        number, pin, wrong = own
        await from_many(desk, number, wrong, 60)
        for given in (None, pin, wrong):
            answer = await desk.track(number, given, headers=desk.token("applicant", subject="own"))
            assert answer.status_code == 200

    async def test_a_known_address_that_guesses_is_delayed_like_any_other(self, desk, own):
        number, pin, wrong = own
        await desk.track(number, pin)
        answers = await asyncio.gather(*(desk.track(number, wrong) for _ in range(20)))
        assert sorted(one.status_code for one in answers) == [404] * 3 + [429] * 17

    async def test_a_known_address_is_known_for_its_number_alone_and_for_half_a_year(self, desk, own):
        number, pin, wrong = own
        await desk.track(number, pin)
        desk.clock.advance(timedelta(days=181))
        await from_many(desk, number, wrong, 60)
        assert (await desk.track(number, pin)).status_code == 429

    async def test_a_known_address_stays_known_while_it_comes_back(self, desk, own):
        number, pin, wrong = own
        for _ in range(3):
            assert (await desk.track(number, pin)).status_code == 200
            desk.clock.advance(timedelta(days=100))
        await from_many(desk, number, wrong, 60)
        assert (await desk.track(number, pin)).status_code == 200


class TestStaff:
    @pytest.mark.parametrize("role", ["specialist", "operator", "supervisor", "partner"])
    async def test_a_right_pin_with_a_clerks_token_is_no_wrong_attempt(self, desk, own, role):
        number, pin, _ = own
        headers = {"Appeal-Pin": pin, **desk.token(role, region="KZ-75")}
        for _ in range(5):
            written = await desk.client.post(f"/intake/v1/appeals/{number}/messages", json={"text": "Қосымша"}, headers=headers)
            assert written.status_code == 404
        assert await desk.rows(WrongAttempt) == []
        assert (await desk.track(number, pin)).status_code == 200


class TestParallelReads:
    async def test_reads_by_token_from_one_address_are_not_one_after_the_other(self, desk, own, monkeypatch):
        """50 reads are inside the database at the same time; a lock round the look-up would let in one."""
        number, _, _ = own
        inside, most, all_in = 0, 0, asyncio.Event()
        guesses = desk.app.state.intake.guesses

        def no_lock(_attempt):
            raise AssertionError("a read by token takes no lock")

        monkeypatch.setattr(guesses, "one_at_a_time", no_lock)
        read = desk.parts.database.read

        class Counting:
            def __init__(self):
                self.inner = read()

            async def __aenter__(self):
                nonlocal inside, most
                inside += 1
                most = max(most, inside)
                if inside == 50:
                    all_in.set()
                await all_in.wait()
                return await self.inner.__aenter__()

            async def __aexit__(self, *exception):
                nonlocal inside
                inside -= 1
                return await self.inner.__aexit__(*exception)

        monkeypatch.setattr(desk.parts.database, "read", Counting)
        headers = desk.token("applicant", subject="own")
        async with asyncio.timeout(PATIENCE):
            answers = await asyncio.gather(*(desk.track(number, headers=headers) for _ in range(50)))
        assert {one.status_code for one in answers} == {200}
        assert most == 50


class TestStored:
    async def test_neither_number_nor_address_is_stored_and_what_is_over_is_purged(self, desk, own):

        number, pin, wrong = own
        await desk.track(number, wrong)
        await desk.track(number, pin)
        stored = repr([await desk.rows(WrongAttempt), await desk.rows(OpenedCase)])
        assert "192.0.2" not in stored
        assert number not in stored
        desk.clock.advance(timedelta(days=181))
        async with desk.parts.units.write() as work:
            await guessing.purge_attempts(work)
        assert await desk.rows(WrongAttempt) == await desk.rows(OpenedCase) == []
