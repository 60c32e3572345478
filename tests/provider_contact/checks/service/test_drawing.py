from datetime import timedelta
from uuid import UUID, uuid5

import pytest

from provider_contact.checks import policy
from provider_contact.checks.codes import CheckSubject
from provider_contact.checks.models import OutcomeCheck
from provider_contact.checks.policy import base_of, share_of
from provider_contact.checks.service import drawing
from provider_contact.checks.service.drawing import position_of
from provider_contact.inquiries.models import Appeal
from shared.contracts import AppealWithdrawn, CaseClosed, OutcomeConfirmed
from tests.provider_contact.conftest import NAMESPACE, NOW, appeal_id, registered
from tests.provider_contact.outcomes import answered, mark_unanswered, proposed

ORDINARY = {"base": 100, "weight": 1.0, "seconds": 86_400, "unproven": 0, "counted": 0}
CODES = {"region": "KZ-43", "tier": 2, "kind": "COMPLAINT", "category": None, "received_at": NOW - timedelta(days=1), "reachable": True}


def codes(number):
    return {"appeal_id": appeal_id(number), "number": f"2026-43-{number:07}-1", **CODES}


class TestShare:
    def test_an_ordinary_confirmation_has_the_base_share(self):
        assert share_of(**ORDINARY) == policy.check_policy().share
        assert base_of(CheckSubject.PROPOSAL, None, None) == (policy.check_policy().share, 1.0)

    @pytest.mark.parametrize("risky", [{"seconds": 60}, {"weight": 3.0}, {"unproven": 5, "counted": 10}])
    def test_what_looks_like_pressure_is_drawn_more_often(self, risky):
        assert share_of(**(ORDINARY | risky)) > share_of(**ORDINARY)

    def test_the_reason_of_a_withdrawal_weighs(self):
        weights = {reason: base_of(CheckSubject.WITHDRAWAL, reason, "COMPLAINT")[1] for reason in ("MISTAKE", "SOLVED", "PRESSURE", "NEW")}
        assert weights["MISTAKE"] < weights["NEW"] < weights["SOLVED"] < weights["PRESSURE"]

    def test_a_confirmed_answer_weighs_by_its_kind_and_never_by_its_speed(self):
        base, complaint = base_of(CheckSubject.ANSWER, None, "COMPLAINT")
        assert base == policy.check_policy().answer_share
        assert complaint > base_of(CheckSubject.ANSWER, None, "CONSULTATION")[1] == base_of(CheckSubject.ANSWER, None, None)[1]
        assert share_of(base=base, weight=1.0, seconds=None, unproven=0, counted=0) == base

    def test_it_grows_with_the_providers_unproven_share_and_never_beyond_all(self):
        shares = [share_of(**(ORDINARY | {"unproven": number, "counted": 10})) for number in range(11)]
        assert shares == sorted(shares)
        assert share_of(base=100, weight=10.0, seconds=0, unproven=10, counted=10) == 1000

    def test_a_few_solutions_say_nothing_of_a_provider(self):
        assert share_of(**(ORDINARY | {"unproven": 4, "counted": 4})) == share_of(**ORDINARY)


class TestDraw:
    def test_the_same_id_is_always_drawn_or_never_and_each_place_is_equally_likely(self, world):
        pepper = world.parts.units._pepper
        ids = [uuid5(NAMESPACE, str(number)) for number in range(4_000)]
        places = [position_of(pepper, each) for each in ids]
        assert places == [position_of(pepper, each) for each in ids]
        assert 320 < sum(place < 100 for place in places) < 480, "one of ten, of 4 000"

    async def test_a_row_for_each_confirmation_and_none_for_a_denial_or_silence(self, world):
        first, second, third = [await proposed(world, number) for number in (1, 2, 3)]
        await world.consume(answered(first), answered(second, confirmed=False, number=2))
        world.clock.advance(timedelta(days=6))
        await mark_unanswered(world)
        [row] = await world.rows(OutcomeCheck)
        assert (row.about, row.proposal_id, row.reason) == ("PROPOSAL", first, None)
        await world.consume(answered(third, number=3), answered(first, number=1))
        assert {row.proposal_id for row in await world.rows(OutcomeCheck)} == {first, third}

    async def test_a_row_for_each_withdrawal_about_a_provider_that_takes_effect(self, world):
        await world.consume(registered(1, provider_id=UUID(int=501)), registered(2, provider_id=UUID(int=501)), registered(3))
        await world.consume(CaseClosed(appeal_id=appeal_id(2), outcome="EXPLAINED", actor_role="specialist"))
        consumed = await world.consume(*(AppealWithdrawn(appeal_id=appeal_id(number), reason="SOLVED") for number in (1, 2, 3)))
        await world.apply(consumed)
        [row] = await world.rows(OutcomeCheck)
        assert (row.about, row.appeal_id, row.reason, row.per_mille) == ("WITHDRAWAL", appeal_id(1), "SOLVED", 900)


class TestWithoutProvider:
    async def test_a_drawn_withdrawal_is_stored_with_its_appeal_and_no_other(self, world):
        consumed = await world.consume(
            AppealWithdrawn(reason="PRESSURE", **codes(1)), AppealWithdrawn(reason="MISTAKE", **codes(2) | {"reachable": False})
        )
        await world.apply(consumed)
        [row], [appeal] = await world.rows(OutcomeCheck), await world.rows(Appeal)
        assert (row.about, row.appeal_id, row.provider_id, row.per_mille, row.status) == ("WITHDRAWAL", appeal_id(1), None, 1000, "OPEN")
        assert (appeal.number, appeal.region, appeal.tier, appeal.kind, appeal.closed) == (
            "2026-43-0000001-1",
            "KZ-43",
            2,
            "COMPLAINT",
            True,
        )

    async def test_a_statement_that_is_not_drawn_leaves_nothing(self, world, monkeypatch):
        monkeypatch.setattr(drawing, "share_of", lambda **_given: 0)
        await world.consume(AppealWithdrawn(reason="PRESSURE", **codes(1)), OutcomeConfirmed(answer_id=UUID(int=9), **codes(2)))
        assert (await world.rows(OutcomeCheck), await world.rows(Appeal)) == ([], [])

    async def test_events_of_an_earlier_version_are_not_drawn_of(self, world):
        await world.consume(AppealWithdrawn(appeal_id=appeal_id(1), reason="PRESSURE"))
        await world.consume(OutcomeConfirmed(appeal_id=appeal_id(1), answer_id=UUID(int=9)))
        assert (await world.rows(OutcomeCheck), await world.rows(Appeal)) == ([], [])

    async def test_a_drawn_answer_is_stored_once_and_its_appeal_closes_with_the_case(self, world, monkeypatch):
        monkeypatch.setattr(drawing, "share_of", lambda **_given: 1000)
        confirmed = OutcomeConfirmed(answer_id=UUID(int=9), **codes(1))
        await world.apply(await world.consume(confirmed))
        await world.consume(CaseClosed(appeal_id=appeal_id(1), outcome="EXPLAINED", actor_role="applicant"))
        [row], [appeal] = await world.rows(OutcomeCheck), await world.rows(Appeal)
        assert (row.about, row.answer_id, row.proposal_id, row.status) == ("ANSWER", UUID(int=9), None, "OPEN")
        assert appeal.closed

    async def test_an_answer_about_a_provider_is_drawn_with_its_risk_and_not_stored_otherwise(self, world, monkeypatch):
        await world.consume(registered(1, provider_id=UUID(int=501)))
        monkeypatch.setattr(drawing, "share_of", lambda **_given: 0)
        await world.consume(OutcomeConfirmed(answer_id=UUID(int=8), **codes(1)))
        assert await world.rows(OutcomeCheck) == []
        monkeypatch.setattr(drawing, "share_of", lambda **_given: 1000)
        await world.consume(OutcomeConfirmed(answer_id=UUID(int=9), **codes(1)))
        [row] = await world.rows(OutcomeCheck)
        assert (row.provider_id, row.about) == (UUID(int=501), "ANSWER")
        assert len(await world.rows(Appeal)) == 1
