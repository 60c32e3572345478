"""What the other slices may use to write sentences about figures in Kazakh, Russian and English."""

from analytics.sentences.policy import Case, check_policies, parse_texts
from analytics.sentences.service.amounts import Amount, Approximation, Quantity, rounded, shown
from analytics.sentences.service.names import joined, period_name, period_phrase, region_about, region_inside, region_source
from analytics.sentences.service.texts import Value, filled

__all__ = [
    "Amount",
    "Approximation",
    "Case",
    "Quantity",
    "Value",
    "check_policies",
    "filled",
    "joined",
    "parse_texts",
    "period_name",
    "period_phrase",
    "region_about",
    "region_inside",
    "region_source",
    "rounded",
    "shown",
]
