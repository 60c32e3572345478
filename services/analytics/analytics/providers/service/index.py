"""The provider index: complaints compared with what is expected of such a provider, and what else is known of it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from analytics.facts import service as facts
from analytics.facts.schemas import Cohort, Group, ProviderComplaints, ProviderPromisesAndRatings
from analytics.kpis.service import Period
from analytics.providers.policy import IndexPart, IndexRules, index_rules
from analytics.providers.schemas import ComparedProvider, FunnelPosition, IndexSort, ProviderIndexItem
from analytics.providers.service.statistics import Z_95, Z_998, poisson_limits
from shared.unit_of_work import UnitOfWork

RATED_PER: Final = 10_000
_PERCENT: Final = 100
_SCORES: Final = 1, 5
_EVEN: Final = 50.0
"""The points of complaints that are as many as expected."""
_Stratum = tuple[str | None, str | None]
"""A region, or None for the country, and a kind of provider."""


async def provider_index(
    work: UnitOfWork, period: Period, region: str | None, sort: IndexSort = IndexSort.INDEX
) -> list[ProviderIndexItem]:
    """Return the active providers of a region, or of all regions, in the index of a period.

    Expectations come from all providers of the country, also for the index of one region.
    """
    found = await facts.provider_complaints(work.session, _complaints(period, region))
    others = await facts.provider_promises_and_ratings(work.session, period.first, period.last)
    appeals = await facts.count_by(work.session, Group.REGION, Cohort(period.first, period.last))
    rules, expected = index_rules(), _expectations(found, index_rules())
    items = [
        _item(each, expected(each), others.get(each.provider_id, ProviderPromisesAndRatings()), appeals.get(each.region, 0), rules)
        for each in found
        if region is None or each.region == region
    ]
    return sorted(items, key=_ORDERS[sort])


async def compared_providers(
    work: UnitOfWork, period: Period, region: str | None, known: Mapping[str | None, int] | None = None
) -> list[ComparedProvider]:
    """Return the providers of a region, or of all regions, that have enough complaints to be compared, without their index.

    `known`: the numbers of complaints by provider of the country, for a caller who has read them already.
    """
    found = await facts.provider_complaints(work.session, _complaints(period, region), known)
    rules, expected = index_rules(), _expectations(found, index_rules())
    compared = [_compared(each, expected(each), rules) for each in found if region is None or each.region == region]
    return [each for each in compared if each.funnel is not None]


def _complaints(period: Period, region: str | None) -> Cohort:
    """Return the complaints of a period; in the index of a region, which its branch reads, without the protected ones."""
    return Cohort(period.first, period.last, kind="COMPLAINT", with_protected=region is None)


def _expectations(counts: Sequence[ProviderComplaints], rules: IndexRules) -> Callable[[ProviderComplaints], float]:
    """Return the function from a provider to the average complaints of its kind in its region, or in the country if it has few peers."""
    complaints: Counter[_Stratum] = Counter()
    sizes: Counter[_Stratum] = Counter()
    for each in counts:
        for stratum in ((each.region, each.kind), (None, each.kind)):
            complaints[stratum] += each.complaints
            sizes[stratum] += 1

    def expected(each: ProviderComplaints) -> float:
        has_peers = sizes[each.region, each.kind] >= rules.minimum_peers
        stratum = (each.region if has_peers else None, each.kind)
        return complaints[stratum] / sizes[stratum]

    return expected


def _compared(counts: ProviderComplaints, expected: float, rules: IndexRules) -> ComparedProvider:
    is_compared = max(counts.complaints, expected) >= rules.minimum_complaints
    position, beyond = _position(counts.complaints, expected) if is_compared else (None, None)
    return ComparedProvider(
        *counts,
        expected=round(expected, 1),
        ratio=round(counts.complaints / expected, 2) if expected else None,
        funnel=position,
        beyond=beyond,
        suspicious=is_compared and _is_suspicious(counts, expected, rules),
    )


def _item(
    counts: ProviderComplaints, expected: float, others: ProviderPromisesAndRatings, appeals: int, rules: IndexRules
) -> ProviderIndexItem:
    compared = _compared(counts, expected, rules)
    limits = poisson_limits(counts.complaints)
    rate = [round(each * RATED_PER / appeals, 1) for each in (counts.complaints, *limits)] if appeals else [None] * 3
    return ProviderIndexItem(
        **compared._asdict(),
        per_10000=rate[0],
        low=rate[1],
        high=rate[2],
        promises=others.promises,
        promises_kept=others.promises_fulfilled,
        rating=round(others.rating_total / others.ratings, 1) if others.ratings >= rules.minimum_ratings else None,
        ratings_n=others.ratings,
        index=None if compared.funnel is None else round(_index(counts, expected, others, rules, suspicious=compared.suspicious), 1),
    )


def _position(complaints: int, expected: float) -> tuple[FunnelPosition, float | None]:
    """Return the position by the limits of 99.8 %, and the outermost limits that the provider lies outside of."""
    for z, level in ((Z_998, 99.8), (Z_95, 95.0)):
        low, high = poisson_limits(complaints, z)
        if not low <= expected <= high:
            outside = FunnelPosition.ABOVE if complaints > expected else FunnelPosition.BELOW
            return outside if z == Z_998 else FunnelPosition.WITHIN, level
    return FunnelPosition.WITHIN, None


def _is_suspicious(counts: ProviderComplaints, expected: float, rules: IndexRules) -> bool:
    """Return whether there are implausibly few complaints together with many that were withdrawn without a check."""
    suspicion, unproven = rules.suspicion, counts.unproven_withdrawals
    is_many = unproven >= suspicion.unproven and unproven * _PERCENT >= suspicion.unproven_percent * counts.complaints
    return is_many and poisson_limits(counts.complaints).high < expected


def _index(
    counts: ProviderComplaints, expected: float, others: ProviderPromisesAndRatings, rules: IndexRules, *, suspicious: bool
) -> float:
    """Return the weighted average of the known parts, each from 0 to 100.

    Few complaints earn a suspicious provider nothing: they count as if they were as many as expected, and it loses the penalty.
    """
    parts = _parts(counts, expected, others, rules)
    if suspicious:
        parts[IndexPart.COMPLAINTS] = _EVEN
    weights = {part: rules.weights[part] for part in parts}
    average = sum(points * weights[part] for part, points in parts.items()) / sum(weights.values())
    return max(0.0, average - (rules.suspicion.penalty if suspicious else 0))


def _parts(counts: ProviderComplaints, expected: float, others: ProviderPromisesAndRatings, rules: IndexRules) -> dict[IndexPart, float]:
    ratio = (counts.complaints + rules.prior_complaints) / (expected + rules.prior_complaints)
    parts = {IndexPart.COMPLAINTS: _PERCENT / (1 + ratio)}
    if counts.complaints >= rules.minimum_complaints:
        parts[IndexPart.WITHDRAWALS] = _PERCENT * (1 - counts.unproven_withdrawals / counts.complaints)
    if others.ratings >= rules.minimum_ratings:
        lowest, highest = _SCORES
        parts[IndexPart.RATINGS] = _PERCENT * (others.rating_total / others.ratings - lowest) / (highest - lowest)
    if others.promises >= rules.minimum_promises:
        parts[IndexPart.PROMISES] = _PERCENT * others.promises_fulfilled / others.promises
    return parts


def _by_index(item: ProviderIndexItem) -> tuple[object, ...]:
    return item.index is None, item.index or 0, item.name_ru, str(item.provider_id)


def _falling(value: Callable[[ProviderIndexItem], float | None]) -> Callable[[ProviderIndexItem], tuple[object, ...]]:
    def key(item: ProviderIndexItem) -> tuple[object, ...]:
        number = value(item)
        return number is None, -(number or 0), *_by_index(item)

    return key


_ORDERS: Final[Mapping[IndexSort, Callable[[ProviderIndexItem], tuple[object, ...]]]] = {
    IndexSort.INDEX: _by_index,
    IndexSort.NAME: lambda item: (item.name_ru.casefold(), str(item.provider_id)),
    IndexSort.COMPLAINTS: _falling(lambda item: item.complaints),
    IndexSort.RATIO: _falling(lambda item: item.ratio if item.funnel else None),
    IndexSort.WITHDRAWALS: _falling(lambda item: item.unproven_withdrawals),
    IndexSort.RATING: lambda item: (item.rating is None, item.rating or 0, *_by_index(item)),
}


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """How many providers of the index are compared, and how many of them stand out."""

    compared: int
    above: int
    below: int
    suspicious: int

    @classmethod
    def of(cls, items: Sequence[ProviderIndexItem | ComparedProvider]) -> "IndexSummary":
        """Return the numbers of these providers."""
        positions: defaultdict[FunnelPosition | None, int] = defaultdict(int, Counter(item.funnel for item in items))
        return cls(
            compared=len(items) - positions[None],
            above=positions[FunnelPosition.ABOVE],
            below=positions[FunnelPosition.BELOW],
            suspicious=sum(item.suspicious for item in items),
        )
