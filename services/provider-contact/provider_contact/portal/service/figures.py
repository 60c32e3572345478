"""The figures of a provider next to the median of the other providers of its region.

No other provider can be recognised: a provider with few inquiries does not count, and a median needs several others. The figures are
those of whole local days before today, so they change once a day.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from statistics import median
from typing import Final
from uuid import UUID

from provider_contact.accounts.schemas import AccountView
from provider_contact.inquiries.codes import InquiryStatus
from provider_contact.portal import repository
from provider_contact.portal.codes import FigureCode
from provider_contact.portal.policy import PortalPolicy, portal_policy
from provider_contact.portal.schemas import ExchangeRow, Figure, ProviderFigures
from provider_contact.proposals.codes import ProposalStatus
from shared.domain.regions import Region
from shared.unit_of_work import UnitOfWork

Share = tuple[float, int]
"""A value and from how many it was made."""
_CONFIRMED: Final = frozenset({ProposalStatus.CONFIRMED, ProposalStatus.VERIFIED})
DAY: Final = 86_400


async def figures_of(work: UnitOfWork, account: AccountView, region: Region) -> ProviderFigures:
    """Return the figures of the person's provider over the last days."""
    policy = portal_policy()
    today = work.clock.now().astimezone(region.timezone).date()
    since, until = today - timedelta(days=policy.figures_days), today
    begins, ends = (datetime.combine(day, time(), region.timezone) for day in (since, until))
    rows = await repository.exchanges(work.session, region.code, begins, ends)
    proposals = await repository.proposal_counts(work.session, region.code, begins, ends)
    found = [_figure(code, values, account.provider_id, policy) for code, values in {**measured(rows), **confirmed(proposals)}.items()]
    return ProviderFigures(since, until - timedelta(days=1), found, policy.least_inquiries, policy.least_providers)


def measured(rows: Iterable[ExchangeRow]) -> Mapping[FigureCode, Mapping[UUID, Share]]:
    """Return the figures of inquiries by provider. A cancelled inquiry does not count."""
    of_provider: defaultdict[UUID, list[ExchangeRow]] = defaultdict(list)
    for row in rows:
        if row.status != InquiryStatus.CANCELLED:
            of_provider[row.provider_id].append(row)
    found: dict[FigureCode, dict[UUID, Share]] = {code: {} for code in (FigureCode.IN_TIME, FigureCode.DAYS, FigureCode.RETURNED)}
    for provider_id, own in of_provider.items():
        answered = [row for row in own if row.answered_at is not None]
        found[FigureCode.IN_TIME][provider_id] = _share(sum(1 for row in answered if not row.late), len(own))
        if answered:
            days = median((row.answered_at - row.sent_at).total_seconds() / DAY for row in answered if row.answered_at is not None)
            found[FigureCode.DAYS][provider_id] = round(days, 1), len(answered)
            found[FigureCode.RETURNED][provider_id] = _share(sum(1 for row in answered if row.round > 1), len(answered))
    return found


def confirmed(counts: Sequence[tuple[UUID, str, int]]) -> Mapping[FigureCode, Mapping[UUID, Share]]:
    """Return the share of proposals that patients confirmed, by provider. No answer is no confirmation."""
    total: defaultdict[UUID, int] = defaultdict(int)
    good: defaultdict[UUID, int] = defaultdict(int)
    for provider_id, status, count in counts:
        total[provider_id] += count
        good[provider_id] += count if status in _CONFIRMED else 0
    return {FigureCode.CONFIRMED: {provider_id: _share(good[provider_id], count) for provider_id, count in total.items()}}


def _figure(code: FigureCode, values: Mapping[UUID, Share], provider_id: UUID, policy: PortalPolicy) -> Figure:
    own = values.get(provider_id, (0.0, 0))
    others = [value for each, (value, n) in values.items() if each != provider_id and n >= policy.least_inquiries]
    return Figure(
        code=code,
        own=own[0] if own[1] >= policy.least_inquiries else None,
        n=own[1],
        median=round(median(others), 1) if len(others) >= policy.least_providers else None,
    )


def _share(part: int, whole: int) -> Share:
    return round(100 * part / whole, 1), whole
