"""Calls with a token: operators, channels and partners file for others, providers what is given to them; all else for themselves."""

from typing import Final

from intake.channels import Admission
from intake.errors import ChannelNotAllowed
from shared.auth import Principal, Role
from shared.domain.taxonomy import taxonomy
from shared.errors import Forbidden, InvalidInput
from shared.field_errors import DETAILS

FOR_OTHERS: Final[tuple[Role, ...]] = ("operator", "channel", "partner")
ONES_OWN: Final = frozenset({"WEB", "APP"})
DEFAULT: Final = "WEB"
OPERATORS_DEFAULT: Final = "CALL_1414"
HANDED_TO_PROVIDER: Final = "SPP"


def admit(principal: Principal, channel: str | None) -> Admission:
    """The terms for a token's holder.

    Raises InvalidInput for an unknown channel, ChannelNotAllowed outside WEB and APP for whoever files for themselves; for a
    provider's officer SPP is open as well, on the terms that `counter.service.own_statement` goes on with. Raises Forbidden for
    a confined machine, which files nothing.
    """
    if principal.is_confined:
        raise Forbidden
    is_operator, sender = principal.has("operator"), f"{principal.issuer}\n{principal.subject}"
    chosen = channel or (OPERATORS_DEFAULT if is_operator else DEFAULT)
    if chosen not in taxonomy().channels:
        raise InvalidInput.field("channel", "unknown-code", DETAILS["unknown-code"])
    if principal.has(*FOR_OTHERS):
        receiver = principal.name if is_operator else None
        return Admission(
            chosen,
            sender,
            may_follow=principal.has("partner"),
            may_backdate=True,
            may_number=principal.has("partner"),
            topic_suffices=is_operator,
            received_by=receiver,
            position="operator" if receiver else None,
        )
    if principal.has("provider") and chosen == HANDED_TO_PROVIDER:
        return Admission(chosen, sender, may_backdate=True, way=HANDED_TO_PROVIDER)
    if chosen not in ONES_OWN:
        raise ChannelNotAllowed
    return Admission(chosen, sender, may_follow=True)
