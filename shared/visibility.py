"""Who sees which case, and who may act on it: one policy for list, count, search, export, page and bot alike (the HTTP surface's roles)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, true

from shared.auth.principal import STAFF, Principal, Role


class CaseAction(StrEnum):
    """What staff can do with a case; the codes are those of the URLs."""

    CLAIM = "claim"
    CLASSIFY = "classify"
    ESCALATE = "escalate"
    ANSWER = "answer"
    CLOSE = "close"
    ASSIGN = "assign"
    ASK = "ask"
    REQUEST_COMPLETION = "request-completion"
    RETURN = "return"
    TERMINATE = "terminate"
    FORWARD = "forward"
    REDIRECT = "redirect"


REGIONAL: Final[frozenset[Role]] = frozenset({"specialist", "supervisor", "head"})  # nothing without a region
EXPERT_TIER: Final = 3

_HEADS: Final[frozenset[Role]] = frozenset({"supervisor", "head"})
_DECIDERS: Final[frozenset[Role]] = STAFF - {"operator"}
_ACTORS: Final[dict[CaseAction, frozenset[Role]]] = dict.fromkeys(CaseAction, STAFF) | {
    CaseAction.ASSIGN: _HEADS, CaseAction.TERMINATE: _HEADS, CaseAction.RETURN: _DECIDERS, CaseAction.FORWARD: _DECIDERS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be seen: everything, or what lies in one of `regions`, on one of `tiers`, or with the provider. By default nothing.

    `allows` and `where` are the same rule, for a row in hand and for a query. None and NULL lie in no scope but `everything`.
    """

    everything: bool = False
    regions: frozenset[str] = frozenset()
    tiers: frozenset[int] = frozenset()
    provider_id: UUID | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.everything or self.regions or self.tiers or self.provider_id)

    def allows(self, region: str | None, tier: int | None, provider_id: UUID | None) -> bool:
        """Whether a row with these values may be seen."""
        if self.everything or region in self.regions or tier in self.tiers:
            return True
        return self.provider_id is not None and provider_id == self.provider_id

    def where(
        self, region: ColumnElement[Any] | Any, tier: ColumnElement[Any] | Any, provider_id: ColumnElement[Any] | Any
    ) -> ColumnElement[bool]:
        """The same rule as a predicate on a row's columns."""
        if self.everything:
            return true()
        terms: list[ColumnElement[bool]] = []
        if self.regions:
            terms.append(region.in_(sorted(self.regions)))
        if self.tiers:
            terms.append(tier.in_(sorted(self.tiers)))
        if self.provider_id is not None:
            terms.append(provider_id == self.provider_id)
        return or_(*terms) if terms else false()

    def __or__(self, other: Self) -> "Scope":
        """What a holder of both may see."""
        return Scope(
            everything=self.everything or other.everything,
            regions=self.regions | other.regions,
            tiers=self.tiers | other.tiers,
            provider_id=self.provider_id or other.provider_id,
        )


NOTHING: Final = Scope()
EVERYTHING: Final = Scope(everything=True)


def visible_cases(principal: Principal) -> Scope:
    """The cases a principal may see on the desk; several roles add up.

    Specialists, supervisors and heads see their region, operators theirs or, without one, all; experts tier 3 of all regions; admins all.
    Analysts get figures only. Providers see inquiries, applicants their own appeal by number and PIN: neither sees cases.
    """
    scope = NOTHING
    for role in principal.roles:
        scope |= _cases_of(role, principal.region)
    return scope


def _cases_of(role: Role, region: str | None) -> Scope:
    if role == "admin" or (role == "operator" and region is None):
        return EVERYTHING
    if role == "operator" or role in REGIONAL:
        return Scope(regions=frozenset({region})) if region else NOTHING
    if role == "expert":
        return Scope(tiers=frozenset({EXPERT_TIER}))
    return NOTHING


def visible_inquiries(principal: Principal) -> Scope:
    """The inquiries a principal may see: those of the cases it sees, and a provider's own."""
    scope = visible_cases(principal)
    if principal.has("provider") and principal.provider_id is not None:
        scope |= Scope(provider_id=principal.provider_id)
    return scope


def may_act(principal: Principal, action: CaseAction) -> bool:
    """Whether the principal's role carries out `action` on a case it sees. An admin sees everything and acts on nothing."""
    return not principal.roles.isdisjoint(_ACTORS[action])
