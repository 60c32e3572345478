"""The organisations that are suggested for a typed name, by the rule of `shared.domain.provider_names`."""

from uuid import UUID

import pytest

from intake.register.models import Provider
from intake.register.service import providers
from tests.provider_directory import colloquial, directory, meant
from tests.provider_names import DIRECTORY, FOUND


def listed(providers, region):
    """The rows of intake's replica of these providers, in one region or, with an empty code, in all."""
    return [
        Provider(
            id=each.provider_id,
            name_kk=each.name_kk,
            name_ru=each.name_ru,
            short_name=each.short_name,
            aliases=list(each.aliases),
            region=each.region,
            district="",
            kind=each.kind,
            ownership="STATE",
            active=True,
        )
        for each in providers
        if region in {"", each.region}
    ]


LISTED = listed(DIRECTORY, "KZ-43")
TYPED = [(typed, UUID(int=number)) for typed, region, number in FOUND if region == "KZ-43" and number < 30]


class TestSuggest:
    def test_another_number_is_another_organisation(self):
        assert {hit.provider.id for hit in providers.suggest("поликлиника 5", LISTED)}.isdisjoint({UUID(int=15), UUID(int=1)})

    def test_a_text_without_words_suggests_nothing(self):
        assert providers.suggest("…", LISTED) == []

    def test_at_most_three_are_suggested(self):
        assert len(providers.suggest("аурухана", LISTED)) == providers.SUGGESTIONS

    def test_of_sixty_names_as_people_type_them_the_right_one_is_suggested_first_in_fifty_eight_and_always_suggested(self):
        first = 0
        for typed in colloquial():
            found = [hit.provider.id for hit in providers.suggest(typed.text, listed(directory(), typed.region))]
            assert meant(typed).provider_id in found, typed.text
            first += found[0] == meant(typed).provider_id
        assert first >= 58


class TestOnlyMatch:
    @pytest.mark.parametrize(("typed", "meant"), TYPED)
    def test_intake_finds_the_provider_that_provider_contact_finds(self, typed, meant):
        match = providers.only_match(providers.suggest(typed, LISTED))
        assert match is not None
        assert match.id == meant

    def test_an_ambiguous_name_has_no_match(self):
        assert providers.only_match(providers.suggest("Шиелі", LISTED)) is None
