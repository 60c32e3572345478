from uuid import UUID

import pytest

from provider_contact.directory.service import ProviderIndex
from provider_contact.matching.service.decision import decide
from tests.provider_names import DIRECTORY, FOUND, NOT_FOUND


@pytest.fixture(scope="module")
def index():
    return ProviderIndex(DIRECTORY)


class TestDecide:
    @pytest.mark.parametrize(("typed", "region", "meant"), FOUND, ids=[f"{typed} {region}" for typed, region, _ in FOUND])
    def test_what_people_type_is_the_provider_they_mean(self, index, typed, region, meant):
        decision = decide(index, typed, region)
        assert decision.provider, [(hit.provider.name_ru, hit.score) for hit in decision.candidates]
        assert decision.provider.provider.provider_id == UUID(int=meant)

    @pytest.mark.parametrize(("typed", "region"), NOT_FOUND)
    def test_what_could_be_another_is_left_to_a_clerk(self, index, typed, region):
        assert decide(index, typed, region).provider is None

    def test_a_clerk_gets_the_likeliest_first(self, index):
        candidates = decide(index, "Шиелі", "KZ-43").candidates
        assert {hit.provider.provider_id for hit in candidates[:2]} == {UUID(int=7), UUID(int=17)}
        assert [hit.score for hit in candidates] == sorted((hit.score for hit in candidates), reverse=True)
