from provider_contact.directory.service import ProviderIndex
from tests.provider_names import DIRECTORY


class TestSearch:
    def test_a_search_in_a_region_returns_only_its_own_providers(self):
        index = ProviderIndex(DIRECTORY)
        assert {hit.provider.region for hit in index.search("емхана 5", "KZ-75")} == {"KZ-75"}
        assert {hit.provider.region for hit in index.search("емхана 5")} == {"KZ-43", "KZ-75"}
        assert index.search("емхана 5", "KZ-10") == []
