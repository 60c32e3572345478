"""Roles, and the principal that a verified token names."""

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
"""Roles of machines that may make only the calls which name their role, and read public data. All other calls refuse them."""
STAFF: Final[frozenset[Role]] = frozenset({"operator", "specialist", "expert", "supervisor", "head"})

# The order in which one of several roles is recorded as the actor's: signing roles before clerks, people before machines.
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


def identity_of(issuer: str, subject: str) -> str:
    """Return the identity of the holder of a token, as stored keyed hashes are made from it."""
    return f"{issuer}\n{subject}"


@dataclass(frozen=True, slots=True)
class Principal:
    """The sender of a request by the claims of its verified token. `subject` is unique within `issuer`.

    A request without a token has the principal `Principal.anonymous()`.
    """

    subject: str
    issuer: str
    roles: frozenset[Role] = frozenset()
    region: str | None = None
    """None: the token has no region claim. Empty: the claim is present and empty, and gives access to no region."""
    provider_id: UUID | None = None
    name: str | None = None
    expires_at: datetime | None = field(default=None, compare=False)
    """The time at which the token expires. None without a token."""

    @classmethod
    def anonymous(cls) -> Self:
        return cls(subject="", issuer="")

    @property
    def identity(self) -> str:
        """The holder of the token: issuer and subject, one per line. A subject is unique only within its issuer."""
        return identity_of(self.issuer, self.subject)

    @property
    def is_anonymous(self) -> bool:
        return not self.issuer

    @property
    def is_confined(self) -> bool:
        """Return whether the token is one of a confined machine: it has a role, and none outside CONFINED."""
        return bool(self.roles) and self.roles <= CONFINED

    @property
    def is_staff(self) -> bool:
        return not STAFF.isdisjoint(self.roles)

    @property
    def role(self) -> Role | None:
        """Return the role to record as the actor's. None without a token and for a token without a known role."""
        return next((role for role in _PRECEDENCE if role in self.roles), None)

    def has(self, *roles: Role) -> bool:
        """Return whether the principal has one of `roles`."""
        return not self.roles.isdisjoint(roles)
