"""Calls with a token: applicants file for themselves; operators, channels and partners for others."""

from typing import Final

from intake.channels import Admission
from intake.errors import ChannelNotAllowed
from shared.auth import Principal, Role
from shared.domain.taxonomy import taxonomy
from shared.errors import Forbidden, InvalidInput
from shared.field_errors import DETAILS

FOR_OTHERS: Final[tuple[Role, ...]] = ("operator", "channel", "partner")
APPLICANTS_OWN: Final = frozenset({"WEB", "APP"})
DEFAULT: Final = "WEB"
OPERATORS_DEFAULT: Final = "CALL_1414"


def admit(principal: Principal, channel: str | None) -> Admission:
    """The terms for a token's holder.

    Raises Forbidden for a role that files nothing, ChannelNotAllowed for an applicant outside WEB and APP, InvalidInput for an unknown
    channel.
    """
    if not principal.has("applicant", *FOR_OTHERS):
        raise Forbidden
    is_operator, sender = principal.has("operator"), f"{principal.issuer}\n{principal.subject}"
    chosen = channel or (OPERATORS_DEFAULT if is_operator else DEFAULT)
    if chosen not in taxonomy().channels:
        raise InvalidInput.field("channel", "unknown-code", DETAILS["unknown-code"])
    if principal.has(*FOR_OTHERS):
        receiver = principal.name if is_operator else None
        return Admission(
            chosen, sender, may_backdate=True, topic_suffices=is_operator, received_by=receiver, position="operator" if receiver else None
        )
    if chosen not in APPLICANTS_OWN:
        raise ChannelNotAllowed
    return Admission(chosen, sender, is_own=True)
