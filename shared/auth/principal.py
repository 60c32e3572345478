"""Who is asking: roles, and the principal that a verified token names."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Self, get_args
from uuid import UUID

Role = Literal[
    "applicant",
    "channel",
    "telephony",
    "operator",
    "specialist",
    "expert",
    "supervisor",
    "head",
    "provider",
    "analyst",
    "partner",
    "admin",
    "service",
]

ROLES: Final[frozenset[str]] = frozenset(get_args(Role))
CONFINED: Final[frozenset[Role]] = frozenset({"telephony", "service"})
"""Machines that make the calls which name their role, and read what is public; every other call refuses them."""
STAFF: Final[frozenset[Role]] = frozenset({"operator", "specialist", "expert", "supervisor", "head"})

# Which of several roles is named as the actor in a history: the one that signs before the one that works, people before machines.
_PRECEDENCE: Final[tuple[Role, ...]] = (
    "head",
    "supervisor",
    "expert",
    "specialist",
    "operator",
    "admin",
    "analyst",
    "provider",
    "partner",
    "channel",
    "telephony",
    "service",
    "applicant",
)


@dataclass(frozen=True, slots=True)
class Principal:
    """The one who asks, by a verified token's own claims alone; `subject` is unique within `issuer`. Nobody: `Principal.anonymous()`."""

    subject: str
    issuer: str
    roles: frozenset[Role] = frozenset()
    region: str | None = None
    """None: the token names no region. Empty: its claim is there and empty, and opens nothing."""
    provider_id: UUID | None = None
    name: str | None = None
    expires_at: datetime | None = field(default=None, compare=False)
    """When the token ends; None: no token."""

    @classmethod
    def anonymous(cls) -> Self:
        return cls(subject="", issuer="")

    @property
    def is_anonymous(self) -> bool:
        return not self.issuer

    @property
    def is_confined(self) -> bool:
        """Whether the token is a confined machine's: it has a role, and none beyond CONFINED."""
        return bool(self.roles) and self.roles <= CONFINED

    @property
    def is_staff(self) -> bool:
        return not STAFF.isdisjoint(self.roles)

    @property
    def role(self) -> Role | None:
        """The role to name as the actor's; None for nobody and for a token without a role that is known here."""
        return next((role for role in _PRECEDENCE if role in self.roles), None)

    def has(self, *roles: Role) -> bool:
        """Whether one of `roles` is the principal's."""
        return not self.roles.isdisjoint(roles)
