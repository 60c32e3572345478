"""The visibility policy of cases: which principal sees which case. Who may carry out which action is in routing's workflow.

Lists, counts, searches, exports, pages and bots all use this policy.
"""

from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, true

from shared.auth.principal import Principal, Role

REGIONAL: Final[frozenset[Role]] = frozenset({"specialist", "supervisor", "head"})  # nothing without a region
EXPERT_TIER: Final = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of visible cases: all cases, or those in one of `regions`, on one of `tiers`, or with the provider. Empty by default.

    `allows` checks a loaded row and `where` filters a query by the same rule. None and NULL match no scope except `everything`.
    """

    everything: bool = False
    regions: frozenset[str] = frozenset()
    tiers: frozenset[int] = frozenset()
    provider_id: UUID | None = None

    def allows(self, region: str | None, tier: int | None, provider_id: UUID | None) -> bool:
        """Return whether a row with these values is visible."""
        if self.everything or region in self.regions or tier in self.tiers:
            return True
        return self.provider_id is not None and provider_id == self.provider_id

    def where(
        self, region: ColumnElement[Any] | Any, tier: ColumnElement[Any] | Any, provider_id: ColumnElement[Any] | Any
    ) -> ColumnElement[bool]:
        """Return the rule of `allows` as a predicate on the columns of a row."""
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
        """Return the union of both scopes."""
        return Scope(
            everything=self.everything or other.everything,
            regions=self.regions | other.regions,
            tiers=self.tiers | other.tiers,
            provider_id=self.provider_id or other.provider_id,
        )


NOTHING: Final = Scope()
EVERYTHING: Final = Scope(everything=True)


def visible_cases(principal: Principal) -> Scope:
    """Return the cases that a principal sees on the desk. Several roles add up.

    Specialists, supervisors and heads see the cases of their region. Operators see those of their region, or all cases if their
    token names no region. Experts see tier 3 in all regions. Admins see all cases. Analysts see figures only, providers see
    inquiries only, and applicants read their own appeal by number and PIN: none of these three sees cases.
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
    """Return the inquiries that a principal sees: those of the cases it sees and, for a provider, its own."""
    scope = visible_cases(principal)
    if principal.has("provider") and principal.provider_id is not None:
        scope |= Scope(provider_id=principal.provider_id)
    return scope
