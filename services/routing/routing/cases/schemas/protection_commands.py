"""The bodies of the actions of the protected lane."""

from datetime import date

from routing.cases.schemas.command import CaseAction, Command
from routing.cases.schemas.fields import BodyDeliveryCode, ProtectionGroundCode, Remark
from shared.http import ShortText, StrictModel


class Protect(Command):
    """Move the case to the protected lane. `concerned`: the subject of the colleague about whom the appeal complains."""

    ACTION = CaseAction.PROTECT
    SUMMARY = "Protect the case: from now on only the roles of the policy see it"

    ground: ProtectionGroundCode
    concerned: ShortText | None = None


class Unprotect(Command):
    """Give a case that is about no protected matter back to its branch."""

    ACTION = CaseAction.UNPROTECT
    SUMMARY = "Give a case that is about no protected matter back to its branch"


class ProofContent(StrictModel):
    """What proves that the body received the appeal; it is stored sealed."""

    reference: Remark


class RecordDelivery(Command, ProofContent):
    """The proof that the body received the appeal. `reference`: its incoming number, or who signed for it."""

    ACTION = CaseAction.RECORD_DELIVERY
    SUMMARY = "Record the proof that the body received the appeal"

    method: BodyDeliveryCode
    delivered_on: date
