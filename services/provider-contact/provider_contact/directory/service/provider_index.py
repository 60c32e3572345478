"""The index of the directory: providers by id, by BIN and by name."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.domain.provider_names import Hit, NameIndex


@dataclass(frozen=True, slots=True)
class IndexedProvider:
    """A provider as the index holds it. `bin` is the sealed value, `bin_key` its keyed hash."""

    provider_id: UUID
    bin_key: bytes
    bin: bytes
    name_kk: str
    name_ru: str
    short_name: str
    aliases: tuple[str, ...]
    region: str
    kind: str


ProviderHit = Hit[IndexedProvider]


class ProviderIndex:
    """The index of the whole directory: one `NameIndex` for each region, which is small and quick, and one for the country."""

    def __init__(self, providers: Sequence[IndexedProvider]) -> None:
        by_name = sorted(providers, key=lambda provider: (provider.name_kk, provider.provider_id))
        self.providers = {provider.provider_id: provider for provider in by_name}
        self.by_bin_key = {provider.bin_key: provider for provider in providers}
        by_region: defaultdict[str, list[IndexedProvider]] = defaultdict(list)
        for provider in by_name:
            by_region[provider.region].append(provider)
        self._regions = {region: NameIndex(some) for region, some in by_region.items()}
        self._country = NameIndex(by_name)

    def search(self, text: str, region: str | None = None) -> list[ProviderHit]:
        """Return providers by name, in one region or in the whole country, best first."""
        if region is None:
            return self._country.search(text)
        return self._regions[region].search(text) if region in self._regions else []

    def listed(self, region: str | None = None) -> list[IndexedProvider]:
        """Return all providers of a region, or of the country, by Kazakh name."""
        return [provider for provider in self.providers.values() if region is None or provider.region == region]
