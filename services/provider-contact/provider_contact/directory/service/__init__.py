"""What the other slices may use of the provider directory."""

from provider_contact.directory.service.name_index import Hit, IndexedProvider, ProviderIndex
from provider_contact.directory.service.policy import check_policies
from provider_contact.directory.service.search import Directory, bin_key

__all__ = ["Directory", "Hit", "IndexedProvider", "ProviderIndex", "bin_key", "check_policies"]
