from datetime import timedelta
from uuid import UUID, uuid5

import pytest

from provider_contact.checks import policy
from provider_contact.checks.models import OutcomeCheck
from provider_contact.checks.policy import share_of
from provider_contact.checks.service.drawing import position_of
from shared.contracts import AppealWithdrawn, CaseClosed
from tests.provider_contact.conftest import NAMESPACE, appeal_id, registered
from tests.provider_contact.outcomes import answered, mark_unanswered, proposed

ORDINARY = {"reason": None, "seconds": 86_400, "unproven": 0, "counted": 0}


class TestShare:
    def test_an_ordinary_confirmation_has_the_base_share(self):
        assert share_of(**ORDINARY) == policy.check_policy().share

    @pytest.mark.parametrize(
        "risky",
        [{"seconds": 60}, {"reason": "SOLVED"}, {"reason": "PRESSURE"}, {"unproven": 5, "counted": 10}],
    )
    def test_what_looks_like_pressure_is_drawn_more_often(self, risky):
        assert share_of(**(ORDINARY | risky)) > share_of(**ORDINARY)

    def test_it_grows_with_the_providers_unproven_share_and_never_beyond_all(self):
        shares = [share_of(**(ORDINARY | {"unproven": number, "counted": 10})) for number in range(11)]
        assert shares == sorted(shares)
        assert share_of(reason="PRESSURE", seconds=0, unproven=10, counted=10) == 1000

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
