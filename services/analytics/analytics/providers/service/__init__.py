"""What the other slices may use of the provider index."""

from analytics.providers.policy import READERS, check_policies
from analytics.providers.service.access import region_for
from analytics.providers.service.files import index_csv
from analytics.providers.service.funnel import FUNNEL_NAMES, by_attention, funnel_kind, index_funnel, index_sentence
from analytics.providers.service.index import IndexSummary, compared_providers, provider_index

__all__ = [
    "FUNNEL_NAMES",
    "READERS",
    "IndexSummary",
    "by_attention",
    "check_policies",
    "compared_providers",
    "funnel_kind",
    "index_csv",
    "index_funnel",
    "index_sentence",
    "provider_index",
    "region_for",
]
