"""What the other slices may use of the provider directory."""

from provider_contact.directory.policy import check_policies
from provider_contact.directory.service.contacts import body_contacts, contacts_of, role_label, with_role
from provider_contact.directory.service.provider_index import IndexedProvider, ProviderHit, ProviderIndex
from provider_contact.directory.service.search import Directory, bin_key

__all__ = [
    "Directory",
    "IndexedProvider",
    "ProviderHit",
    "ProviderIndex",
    "bin_key",
    "body_contacts",
    "check_policies",
    "contacts_of",
    "role_label",
    "with_role",
]
