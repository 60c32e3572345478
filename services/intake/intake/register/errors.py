"""Domain errors of the register."""

from typing import ClassVar

from shared.errors import DomainError, NotFound


class ChannelNotAllowed(DomainError):
    code, status, title = "channel-not-allowed", 403, "An appeal may not be filed through this channel by you."


class AppealFinished(DomainError):
    code, status, title = "appeal-finished", 409, "The appeal is finished; nothing can be added to it."


class AlreadyDecided(DomainError):
    """АППК art. 64(9): only before the decision."""

    code, status, title = "already-decided", 409, "The appeal is decided and can no longer be withdrawn."


class WithdrawalPending(DomainError):
    code, status, title = "withdrawal-pending", 409, "The withdrawal is asked for already; the Fund is going to call."


class NoWithdrawal(DomainError):
    code, status, title = "no-withdrawal", 409, "No withdrawal of this appeal waits for a call."


class NoContact(DomainError):
    code, status, title = "no-contact", 409, "The appeal has no such contact. Call 1414 or come to a branch of the Fund."


class WrongCode(DomainError):
    keeps_changes = True  # the try is counted
    code, status, title = "wrong-code", 422, "The code is not right, or no longer good. Ask for a new one."


class PinNotRecovered(NotFound):
    """Every failure is answered alike: an unknown number, no code, and one that is wrong, used or too old. The try is counted."""

    keeps_changes = True


class NotAnswered(DomainError):
    code, status, title = "not-answered", 409, "The appeal has no answer to speak of."


class OutcomeGiven(DomainError):
    code, status, title = "outcome-already-given", 409, "You have said already whether the answer settles the matter."


class ProposalAnswered(DomainError):
    code, status, title = "proposal-answered", 409, "You have answered already whether the matter is solved."


class CommitmentAnswered(DomainError):
    code, status, title = "commitment-answered", 409, "You have answered already whether the promise was kept."


class NoConsent(DomainError):
    code, status, title = "no-consent", 409, "The applicant has not agreed to be named to a medical organisation."


class ConsentAnswered(DomainError):
    code, status, title = "consent-answered", 409, "You have answered already whether the medical organisation may know who you are."


class CommitmentNotDue(DomainError):
    code, status, title = "commitment-not-due", 409, "The day of the promise has not come yet."


class NotReopenable(DomainError):
    code, status, title = "not-reopenable", 409, "An appeal that is not finished is not reopened."


class AlreadyReopened(DomainError):
    code, status, title = "already-reopened", 409, "The matter goes on in a later appeal that is not finished."


class ExternalNumberKnown(DomainError):
    """The problem's `number` is the registration number of the appeal that was passed on under it."""

    code, status, title = "external-number-known", 409, "You have passed on an appeal under this number before."
    example_members: ClassVar = {"number": "2026-43-0000017-4"}

    def __init__(self, number: str | None) -> None:
        super().__init__(extra={"number": number})
