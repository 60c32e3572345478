"""The sentences of the dashboard, read from a data file and checked before the service starts."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final

from analytics.kpis.service import People
from analytics.sentences.service import parse_texts
from shared.domain.labels import Label
from shared.policy_files import policy_text
from shared.web.i18n import N_

PACKAGE: Final = "analytics.dashboard"
TEXTS_FILE: Final = "sentences.toml"
OF_COMPLAINTS: Final = {
    "resolved_on_spot": N_("Complaints resolved here and now"),
    "withdrawn": N_("Complaints withdrawn"),
    "confirmed": N_("Complaints whose solution the applicant confirmed"),
    "verified": N_("Solutions of complaints verified by telephone"),
    "refuted": N_("Solutions of complaints refuted by telephone"),
    "unproven": N_("Complaints left unproven"),
    "outcomes": N_("Outcomes of complaints"),
    "answer_time_median": N_("Time to answer a complaint (median)"),
    "answer_time_p90": N_("Time to answer a complaint (9 of 10)"),
}
"""Figures that the page shows for complaints only, as the Fund publishes them, with their headings."""


class Text(StrEnum):
    """The codes of the texts in `sentences.toml`."""

    THAN_YEAR = "than-year"
    THAN_PERIOD = "than-period"
    AS_YEAR = "as-year"
    AS_PERIOD = "as-period"
    RECEIVED = "received"
    RECEIVED_MORE = "received-more"
    RECEIVED_FEWER = "received-fewer"
    RECEIVED_SAME = "received-same"
    RECEIVED_NEW = "received-new"
    COMPLAINTS = "complaints"
    COMPLAINTS_MORE = "complaints-more"
    COMPLAINTS_FEWER = "complaints-fewer"
    COMPLAINTS_SAME = "complaints-same"
    COMPLAINTS_NEW = "complaints-new"
    PEAK = "peak"
    PARTIAL = "partial"
    BEGAN = "began"
    TOP_REASON = "top-reason"
    TOP_CHANNEL = "top-channel"
    TOP_TOPIC = "top-topic"
    TOP_KIND = "top-kind"
    TOP_TIER = "top-tier"
    TOP_AGE = "top-age"
    TOP_OUTCOME = "top-outcome"
    TOP_PROVIDER = "top-provider"
    TOP_DISTRICT = "top-district"
    TOP_REGION = "top-region"
    TOP_RECEIVED_REGION = "top-received-region"
    LARGEST_RISE = "largest-rise"
    LARGEST_FALL = "largest-fall"
    NOTHING = "nothing"
    SOME_HIDDEN = "some-hidden"
    IN_TIME = "in-time"
    OVERDUE = "overdue"
    EXTENDED = "extended"
    HELD = "held"
    CHECKED = "checked"
    UNPROVEN = "unproven"
    CALLS = "calls"
    CALLS_LOST = "calls-lost"
    PEOPLE = "people"
    PEOPLE_UNKNOWN = "people-unknown"
    PEOPLE_UNKNOWN_IN = "people-unknown-in"
    INSURED = "insured"
    INSURED_UNKNOWN = "insured-unknown"
    INSURED_UNKNOWN_IN = "insured-unknown-in"
    ADVICE_MORE = "advice-more"
    ADVICE_FEWER = "advice-fewer"
    ADVICE_SAME = "advice-same"
    ADVICE_REASON = "advice-reason"
    ADVICE_REGION = "advice-region"
    ADVICE_TIME_WORSE = "advice-time-worse"
    ADVICE_TIME_BETTER = "advice-time-better"
    ADVICE_OVERDUE = "advice-overdue"
    ADVICE_PROVIDER = "advice-provider"
    ADVICE_UNPROVEN = "advice-unproven"
    ADVICE_REFUTED = "advice-refuted"
    ADVICE_CALM = "advice-calm"


PEOPLE_TEXTS: Final[Mapping[People, tuple[Text, Text, Text]]] = {
    People.ATTACHED: (Text.PEOPLE, Text.PEOPLE_UNKNOWN, Text.PEOPLE_UNKNOWN_IN),
    People.INSURED: (Text.INSURED, Text.INSURED_UNKNOWN, Text.INSURED_UNKNOWN_IN),
}
"""The sentences on the people by whom a figure is divided: their number, that it is unknown in the region, in how many regions."""


@cache
def texts() -> Mapping[Text, Label]:
    """Return the texts by code. Raises ReferenceDataError for a missing, unknown or wrong text."""
    found = parse_texts(TEXTS_FILE, policy_text(PACKAGE, TEXTS_FILE), Text)
    return MappingProxyType({Text(code): label for code, label in found.items()})
