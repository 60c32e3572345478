import provider_contact.accounts.models
import provider_contact.checks.models
import provider_contact.commitments.models
import provider_contact.directory.models
import provider_contact.inquiries.models
import provider_contact.matching.models
import provider_contact.portal.models
import provider_contact.proposals.models  # noqa: F401 - the imports complete the metadata
from provider_contact.base import ProviderContactModel
from shared.migrations import run_environment

run_environment(ProviderContactModel.metadata)
