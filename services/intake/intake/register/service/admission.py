"""Admission: the terms on which a channel admits an appeal, and what a token entitles its holder to."""

from typing import Final, NamedTuple
from uuid import UUID

from intake.register.codes import Channel
from intake.register.errors import ChannelNotAllowed
from shared.auth import Principal, Role
from shared.domain.taxonomy import taxonomy
from shared.errors import Forbidden, InvalidInput
from shared.field_errors import DETAILS

FOR_OTHERS: Final[tuple[Role, ...]] = ("operator", "channel", "partner")
OWN_CHANNELS: Final = frozenset({Channel.WEB, Channel.APP})
DEFAULT_CHANNEL: Final = Channel.WEB
OPERATOR_CHANNEL: Final = Channel.CALL_1414
PROVIDER_CHANNEL: Final = Channel.SPP


class Admission(NamedTuple):  # a frozen dataclass of so many fields takes three times as long to make
    """The terms on which a channel admits an appeal."""

    channel: str
    sender: str | None = None
    """Issuer and subject of the token, one a line; None: anonymous."""
    may_follow: bool = False
    """The sender may track the appeal by the same token: the applicant, or a partner who passed it on."""
    may_backdate: bool = False
    """The sender may give the time of receipt (`received_at`)."""
    may_number: bool = False
    """The sender has its own register and may give its number there."""
    topic_suffices: bool = False
    """A topic may replace the text: the sender records a conversation."""
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
    """The intake method at a counter, a code of `intake_methods.csv`; None: filed by another channel."""


def admit_anonymous(channel: str | None) -> Admission:
    """Return the terms for an anonymous sender. Raises ChannelNotAllowed for any channel but WEB."""
    if channel not in {None, DEFAULT_CHANNEL}:
        raise ChannelNotAllowed
    return Admission(DEFAULT_CHANNEL)


def admit_principal(principal: Principal, channel: str | None) -> Admission:
    """Return the terms for the holder of a token.

    Raises InvalidInput for an unknown channel, and ChannelNotAllowed outside WEB and APP for a person who files for themselves. An
    officer of a provider may use SPP as well, on the terms that the counter's `provider_statement` completes. Raises Forbidden for a
    confined machine, which may not file.
    """
    if principal.is_confined:
        raise Forbidden
    is_operator, sender = principal.has("operator"), principal.identity
    chosen = channel or (OPERATOR_CHANNEL if is_operator else DEFAULT_CHANNEL)
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
    if principal.has("provider") and chosen == PROVIDER_CHANNEL:
        return Admission(chosen, sender, may_backdate=True, intake_method=PROVIDER_CHANNEL)
    if chosen not in OWN_CHANNELS:
        raise ChannelNotAllowed
    return Admission(chosen, sender, may_follow=True)
