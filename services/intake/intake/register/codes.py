"""Codes on which the code of the register branches."""

from enum import StrEnum
from typing import Final, Literal

from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy


class Channel(StrEnum):
    """The channels that the code names; `channels.csv` has more."""

    WEB = "WEB"
    APP = "APP"
    CALL_1414 = "CALL_1414"
    SPP = "SPP"
    TELEGRAM = "TELEGRAM"
    PEOPLES_CONTROL = "PEOPLES_CONTROL"


class Verdict(StrEnum):
    """What the applicant says about the latest answer."""

    RESOLVED = "RESOLVED"
    NOT_RESOLVED = "NOT_RESOLVED"


class MessageAuthor(StrEnum):
    """Who wrote a message."""

    APPLICANT = "APPLICANT"
    FUND = "FUND"


class MessageKind(StrEnum):
    """The kinds of messages.

    STATEMENT belongs to a withdrawal, REASON to a denied answer, COMMENT to a rating; QUESTION and COMPLETION are the Fund's.
    """

    MESSAGE = "MESSAGE"
    STATEMENT = "STATEMENT"
    REASON = "REASON"
    COMMENT = "COMMENT"
    QUESTION = "QUESTION"
    COMPLETION = "COMPLETION"


class WithdrawalState(StrEnum):
    """PENDING: the Fund has to call back. LATE: the Fund had decided before it received the withdrawal."""

    PENDING = "PENDING"
    DONE = "DONE"
    REFUSED = "REFUSED"
    LATE = "LATE"


class OfferKind(StrEnum):
    """What a provider puts to the applicant.

    PROPOSAL: it says that the subject is solved. COMMITMENT: it promises something by a day. CONSENT: it asks to be told who the applicant
    is, and a clerk has agreed to ask.
    """

    PROPOSAL = "PROPOSAL"
    COMMITMENT = "COMMITMENT"
    CONSENT = "CONSENT"


class OfferStatus(StrEnum):
    """The status of an offer of a provider.

    PROPOSED to REFUTED: of a proposal; OPEN to EXCUSED: of a commitment; NO_ANSWER: of both; REQUESTED to WITHDRAWN: of a consent, and
    EXCUSED, if its inquiry was cancelled.
    """

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    DENIED = "DENIED"
    VERIFIED = "VERIFIED"
    REFUTED = "REFUTED"
    OPEN = "OPEN"
    DUE = "DUE"
    KEPT = "KEPT"
    BROKEN = "BROKEN"
    EXCUSED = "EXCUSED"
    NO_ANSWER = "NO_ANSWER"
    REQUESTED = "REQUESTED"
    GIVEN = "GIVEN"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


WAITING_OFFERS: Final = (OfferStatus.PROPOSED, OfferStatus.DUE, OfferStatus.REQUESTED)
"""The statuses in which the applicant is asked."""


class AnswerMethod(StrEnum):
    """How the applicant answered whether an offer holds, as `proposal-answered` and `commitment-answered` name it."""

    TRACK = "TRACK"
    APP = "APP"
    TELEGRAM = "TELEGRAM"
    SMS = "SMS"
    LINK = "LINK"
    CALL = "CALL"


DISCLOSURE: Final = "DISCLOSE_TO_PROVIDER"
"""The consent without which no provider learns of the appeal's text, its applicant and its files."""
CONSENTS: Final = frozenset({"PROCESSING", DISCLOSURE})
"""The consents that an applicant may give; `consents.toml` of `forms` has their texts."""
OVERRULED: Final = "withdrawal-late"
"""The timeline type of a withdrawal that the Fund received after its decision."""

PIN_REPLACED: Final = "pin-replaced"
"""The timeline type, and the fact of the notifications, of a new PIN."""

ContactKind = Literal["phone", "email"]
VerificationPurpose = Literal["contact-confirmation", "withdrawal"]
"""The purposes for which whoever has opened an appeal may ask for a code."""
RecoveryPurpose = Literal["pin-recovery"]
"""The purpose for which anybody may ask for a code, who then does not learn whether one is sent."""
RatingPurpose = Literal["rating"]
"""The purpose for which anybody may have a code sent to a phone number, to rate a provider without an appeal."""
CodePurpose = VerificationPurpose | RecoveryPurpose | RatingPurpose
"""The call that the code goes with; for any other it is wrong."""

RATING: Final[RatingPurpose] = "rating"


def check_codes() -> None:
    """Raise ReferenceDataError if `channels.csv` lacks a channel that the code names."""
    if missing := set(Channel) - taxonomy().channels.keys():
        raise ReferenceDataError("channels.csv", 1, f"missing: {', '.join(sorted(missing))}")


class ReadPart(StrEnum):
    """What a reader of an appeal opened."""

    TEXT = "TEXT"
    TEXT_AND_CONTACTS = "TEXT_AND_CONTACTS"
    DOCUMENT = "DOCUMENT"
    DOCUMENT_LIST = "DOCUMENT_LIST"
    """The names of the documents, none of which was opened."""
