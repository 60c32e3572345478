import provider_contact.directory.models
import provider_contact.inquiries.models
import provider_contact.matching.models  # noqa: F401 - the three imports complete the metadata
from provider_contact.base import ProviderContactModel
from shared.migrations import run_environment

run_environment(ProviderContactModel.metadata)
