"""Codes on which the code of inquiries branches."""

from enum import StrEnum


class InquiryStatus(StrEnum):
    DRAFT = "DRAFT"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RESPONDED = "RESPONDED"
    ACCEPTED = "ACCEPTED"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"


class InquiryAction(StrEnum):
    """What somebody does with an inquiry. The codes are those of the URLs and of `inquiry_actions.csv`."""

    SEND = "send"
    DELIVER = "deliver"
    ACKNOWLEDGE = "acknowledge"
    RESPOND = "respond"
    PROPOSE = "propose"
    PROMISE = "promise"
    ASK_TIME = "ask-time"
    ASK_CONSENT = "ask-consent"
    ACCEPT = "accept"
    RETURN = "return"
    REMIND = "remind"
    RECORD_CALL = "record-call"
    GRANT_TIME = "grant-time"
    REFUSE_TIME = "refuse-time"
    REQUEST_CONSENT = "request-consent"
    DECLINE_CONSENT = "decline-consent"
    ANSWER_CONSENT = "answer-consent"
    ESCALATE_TO = "escalate-to"
    CANCEL = "cancel"
    SHARE_DOCUMENTS = "share-documents"
    VERIFY = "verify"
    EXCUSE = "excuse"


class InquiryFlag(StrEnum):
    """What the workflow needs to know of an inquiry next to its status. Other slices set theirs by `inquiries.service.set_flag`."""

    OPEN_PROPOSAL = "OPEN_PROPOSAL"
    """A proposal waits for the applicant's answer."""
    CONFIRMED_PROPOSAL = "CONFIRMED_PROPOSAL"
    """A confirmed proposal may be verified."""
    OPEN_COMMITMENT = "OPEN_COMMITMENT"
    """A promise has no result yet."""
    CONSENT_ASKED = "CONSENT_ASKED"
    """The provider asks the Fund to obtain the applicant's consent to be named; a clerk has not decided yet."""
    CONSENT_REQUESTED = "CONSENT_REQUESTED"
    """The applicant was asked for the consent: once about an inquiry, whatever the answer, and again after a withdrawal."""
    CONSENT_REFUSED = "CONSENT_REFUSED"
    """The applicant said no."""
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    """The applicant withdrew the consent that the inquiry had."""


class InquiryStep(StrEnum):
    """What happens to an inquiry without an answer (`inquiry_steps.csv`)."""

    REMINDER = "REMINDER"
    OVERDUE = "OVERDUE"
    ESCALATION = "ESCALATION"


class InquiryClock(StrEnum):
    """The clocks of `inquiry_clocks.csv` that the code names."""

    CLERK_DAY = "CLERK_DAY"
    TIME_GRANTED = "TIME_GRANTED"


class ResponseCode(StrEnum):
    """The codes of `response_codes.csv` that mean more than an answer."""

    RESOLVED = "RESOLVED"
    """It opens a proposal."""
    NEEDS_TIME = "NEEDS_TIME"
    """It is a request for time, and no answer."""


class AnswerMethod(StrEnum):
    """How an answer of the provider came."""

    PORTAL = "PORTAL"
    """A person of the provider, by the portal or with a token of their own."""
    WEBHOOK = "WEBHOOK"
    EMAIL = "EMAIL"
    """By the one-time link of an e-mail."""
    TELEPHONE = "TELEPHONE"
    API = "API"
    """The provider's own system."""


class NoticeKind(StrEnum):
    """What a provider, or a body above it, is notified of."""

    INQUIRY = "INQUIRY"
    REMINDER = "REMINDER"
    OVERDUE = "OVERDUE"
    ESCALATION = "ESCALATION"
    RETURNED = "RETURNED"
    TIME_GRANTED = "TIME_GRANTED"
    TIME_REFUSED = "TIME_REFUSED"
    CANCELLED = "CANCELLED"
    CONSENT_GIVEN = "CONSENT_GIVEN"
    CONSENT_REFUSED = "CONSENT_REFUSED"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    CONSENT_DECLINED = "CONSENT_DECLINED"
    """The Fund does not ask the applicant."""


class ConsentState(StrEnum):
    """How far a provider's request is to be told who the applicant is."""

    ASKED = "ASKED"
    """The Fund has not decided yet."""
    REQUESTED = "REQUESTED"
    """The applicant is being asked."""
    GIVEN = "GIVEN"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    """The applicant withdrew the consent. It may be asked for again."""


class DisclosureLevel(StrEnum):
    """What a provider may read of an appeal whose applicant consented to disclosure."""

    PERSON = "PERSON"
    TEXT = "TEXT"
    NONE = "NONE"
