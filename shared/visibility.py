"""The visibility policy of cases: which principal sees which case. Who may carry out which action is in routing's workflow.

Lists, counts, searches, exports, pages and bots all use this policy.
"""

from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, true

from shared.auth.principal import Principal, Role
from shared.domain.protection import Protection, ReaderPlace, protected_readers
from shared.domain.regions import CENTRAL_OFFICE

REGIONAL: Final[frozenset[Role]] = frozenset({"specialist", "supervisor", "head"})  # nothing without a region
EXPERT_TIER: Final = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of visible cases: all cases, or those in one of `regions`, on one of `tiers`, or with the provider. Empty by default.

    A protected case is in the set only if `protected`, wherever it is, and not if it is a complaint about the Fund in the reader's own
    `branch`. A provider's own inquiries stay visible to it: what an inquiry about a protected case discloses is decided when it is sent.
    `allows` checks a loaded row and `where` filters a query by the same rule. None and NULL match no scope except `everything`.
    """

    everything: bool = False
    regions: frozenset[str] = frozenset()
    tiers: frozenset[int] = frozenset()
    provider_id: UUID | None = None
    protected: bool = False
    branch: str | None = None
    """The region that the reader belongs to, for a reader of protected cases."""
    reader: str | None = None
    """The subject of a reader of protected cases, who does not see those that name this person as the one complained about."""

    def allows(self, region: str | None, tier: int | None, provider_id: UUID | None, protection: str | None) -> bool:
        """Return whether a row with these values is visible. `protection`: a code of `Protection`, None for most cases."""
        if self.provider_id is not None and provider_id == self.provider_id:
            return True
        if protection is not None:
            is_elsewhere = self.branch is None or region not in (None, self.branch)
            return self.protected and (is_elsewhere or protection != Protection.FUND)
        return self.everything or region in self.regions or tier in self.tiers

    def where(
        self,
        region: ColumnElement[Any] | Any,
        tier: ColumnElement[Any] | Any,
        provider_id: ColumnElement[Any] | Any,
        protection: ColumnElement[Any] | Any,
    ) -> ColumnElement[bool]:
        """Return the rule of `allows` as a predicate on the columns of a row."""
        if self.everything and self.protected and self.branch is None:
            return true()
        terms: list[ColumnElement[bool]] = []
        if self.everything:
            terms.append(protection.is_(None))
        elif self.regions or self.tiers:
            ordinary = [region.in_(sorted(self.regions))] if self.regions else []
            ordinary += [tier.in_(sorted(self.tiers))] if self.tiers else []
            terms.append(and_(protection.is_(None), or_(*ordinary)))
        if self.protected:
            elsewhere = true() if self.branch is None else or_(protection != Protection.FUND, region != self.branch)
            # Not IS NOT NULL: PostgreSQL would join the few of an index of protected cases to the others and read every row from the
            # table, where one index of the open cases has all columns that are asked for.
            terms.append(and_(func.coalesce(protection, "") != "", elsewhere))
        if self.provider_id is not None:
            terms.append(provider_id == self.provider_id)
        return or_(*terms) if terms else false()

    def __or__(self, other: Self) -> "Scope":
        """Return the union of both scopes of one person."""
        return Scope(
            everything=self.everything or other.everything,
            regions=self.regions | other.regions,
            tiers=self.tiers | other.tiers,
            provider_id=self.provider_id or other.provider_id,
            protected=self.protected or other.protected,
            branch=self.branch or other.branch,
            reader=self.reader or other.reader,
        )


NOTHING: Final = Scope()
EVERYTHING: Final = Scope(everything=True, protected=True)
"""All cases, for work that is not done on behalf of a person."""
UNPROTECTED: Final = Scope(everything=True)


def visible_cases(principal: Principal) -> Scope:
    """Return the cases that a principal sees on the desk. Several roles add up.

    Specialists, supervisors and heads see the cases of their region. Operators see those of their region, or all cases if their
    token names no region. Experts see tier 3 in all regions. Admins see all cases. Analysts see figures only, providers see
    inquiries only, and applicants read their own appeal by number and PIN: none of these three sees cases.
    Protected cases are seen by the roles of `protected_readers.csv` alone, in all regions, and by nobody else.
    """
    scope = NOTHING
    for role in principal.roles:
        scope |= _cases_of(role, principal.region)
    return scope | Scope(protected=True, branch=principal.region, reader=principal.subject) if reads_protected(principal) else scope


def reads_protected(principal: Principal) -> bool:
    """Return whether a role of the principal sees protected cases."""
    places = {place for role, place in protected_readers().items() if role in principal.roles}
    return ReaderPlace.ANYWHERE in places or (ReaderPlace.CENTRAL in places and principal.region == CENTRAL_OFFICE)


def _cases_of(role: Role, region: str | None) -> Scope:
    if role == "admin" or (role == "operator" and region is None):
        return UNPROTECTED
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
