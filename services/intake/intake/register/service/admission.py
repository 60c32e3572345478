"""Admission: the terms on which a channel admits an appeal, and what a token entitles its holder to."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from intake.register.errors import ChannelNotAllowed
from shared.auth import Principal, Role
from shared.domain.taxonomy import taxonomy
from shared.errors import Forbidden, InvalidInput
from shared.field_errors import DETAILS

FOR_OTHERS: Final[tuple[Role, ...]] = ("operator", "channel", "partner")
ONES_OWN: Final = frozenset({"WEB", "APP"})
DEFAULT: Final = "WEB"
OPERATORS_DEFAULT: Final = "CALL_1414"
HANDED_TO_PROVIDER: Final = "SPP"


@dataclass(frozen=True, slots=True)
class Admission:
    """Under what terms an appeal is taken in."""

    channel: str
    sender: str | None = None
    """Issuer and subject of the token, one a line; None: nobody is known."""
    may_follow: bool = False
    """The sender may follow the appeal by the same token: the applicant, or a partner who passed it on."""
    may_backdate: bool = False
    """The sender may say when it came in (`received_at`)."""
    may_number: bool = False
    """The sender keeps a register of its own and may say its number there."""
    topic_suffices: bool = False
    """A topic may stand in place of the text: the sender notes a talk."""
    received_by: str | None = None
    """The name of the person who received it."""
    position: str | None = None
    """That person's role."""
    follows: UUID | None = None
    """The earlier appeal whose answer did not satisfy."""
    lowest_tier: int = 1
    resolved_in_contact: bool = False
    """A consultation answered while the citizen was on the line or at the counter."""
    intake_method: str | None = None
    """How it reached a counter: a code of `intake_methods.csv`; None: it came by another channel."""


def admit_anonymous(channel: str | None) -> Admission:
    """Raises ChannelNotAllowed for any channel but WEB."""
    if channel not in {None, DEFAULT}:
        raise ChannelNotAllowed
    return Admission(DEFAULT)


def admit_principal(principal: Principal, channel: str | None) -> Admission:
    """The terms for a token's holder.

    Raises InvalidInput for an unknown channel, ChannelNotAllowed outside WEB and APP for whoever files for themselves; for a
    provider's officer SPP is open as well, on the terms that the counter's `provider_statement` completes. Raises Forbidden for a confined
    machine, which files nothing.
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
        return Admission(chosen, sender, may_backdate=True, intake_method=HANDED_TO_PROVIDER)
    if chosen not in ONES_OWN:
        raise ChannelNotAllowed
    return Admission(chosen, sender, may_follow=True)
