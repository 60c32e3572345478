"""The published language: every event a service may emit, versioned. The registry says who may emit what."""

from shared.contracts.event import APPEALS, PARTITIONS, PROVIDERS, REGISTRY, TOPICS, AppealEvent, Event
from shared.contracts.intake import AppealImported, AppealRegistered
from shared.contracts.provider_contact import (
    InquiryAcknowledged,
    InquiryAnswered,
    InquiryOverdue,
    InquirySent,
    ProviderMatched,
    ProviderRecorded,
)
from shared.contracts.routing import (
    AnswerGiven,
    AppealRouted,
    CaseClaimed,
    CaseClosed,
    ClassificationCorrected,
    ClockBreached,
    ClockStarted,
    ClockWarned,
    TierRaised,
)

__all__ = [
    "APPEALS",
    "PARTITIONS",
    "PROVIDERS",
    "REGISTRY",
    "TOPICS",
    "AnswerGiven",
    "AppealEvent",
    "AppealImported",
    "AppealRegistered",
    "AppealRouted",
    "CaseClaimed",
    "CaseClosed",
    "ClassificationCorrected",
    "ClockBreached",
    "ClockStarted",
    "ClockWarned",
    "Event",
    "InquiryAcknowledged",
    "InquiryAnswered",
    "InquiryOverdue",
    "InquirySent",
    "ProviderMatched",
    "ProviderRecorded",
    "TierRaised",
]
