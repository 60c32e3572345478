from dataclasses import asdict

from provider_contact.directory.service import IndexedProvider, ProviderIndex
from tests.provider_directory import colloquial, directory, meant
from tests.provider_names import DIRECTORY


class TestSearch:
    def test_a_search_in_a_region_returns_only_its_own_providers(self):
        index = ProviderIndex(DIRECTORY)
        assert {hit.provider.region for hit in index.search("емхана 5", "KZ-75")} == {"KZ-75"}
        assert {hit.provider.region for hit in index.search("емхана 5")} == {"KZ-43", "KZ-75"}
        assert index.search("емхана 5", "KZ-10") == []

    def test_of_sixty_names_as_people_type_them_the_right_provider_is_first_in_fifty_eight_and_in_the_first_three_always(self):
        index = ProviderIndex([IndexedProvider(**asdict(each), bin_key=each.provider_id.bytes, bin=b"") for each in directory()])
        first = 0
        for typed in colloquial():
            found = [hit.provider.provider_id for hit in index.search(typed.text, typed.region or None)[:3]]
            assert meant(typed).provider_id in found, typed.text
            first += found[0] == meant(typed).provider_id
        assert first >= 58
