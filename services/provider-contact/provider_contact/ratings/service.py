"""Use cases of ratings: storing them, ranking a month, and reading the ranking.

The ranking goes by the lower bound of Wilson's confidence interval of the share of satisfied ratings (4 and 5 of 5). A mean alone puts a
provider with few and lucky ratings first; Wilson's bound is low where there are few ratings, keeps its 95 % at small numbers and at shares
near 100 %, and needs no prior as a Bayesian mean does, which somebody would have to choose and defend.

Nobody can be identified from what is published: a provider with few ratings has no figure; numbers are bands and shares are whole
percents; a month is ranked once, whole and after its end, so that no two versions of it differ by one rating; a region shows the same
figures as the country.
"""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from provider_contact.directory.service.doctors import doctors_of
from provider_contact.directory.service.provider_index import ProviderIndex
from provider_contact.ratings import repository
from provider_contact.ratings.policy import ranking_policy
from provider_contact.ratings.schemas import RankedItem, RankedRow, RatedDoctor, RatingRow, Tally
from shared.contracts import ProviderRated
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.messaging.handling import Received
from shared.unit_of_work import UnitOfWork

Z: Final = 1.959963984540054  # the two-sided 95 % quantile of the normal distribution
_MILLION: Final = 1_000_000


async def store(work: UnitOfWork, received: Sequence[Received[ProviderRated]]) -> None:
    """Store the ratings of events in the order of the log: the latest of a rating counts."""
    rows: dict[UUID, RatingRow] = {}
    for each in received:
        event = each.event
        rows[event.rating_id] = {
            "rating_id": event.rating_id,
            "provider_id": event.provider_id,
            "doctor_id": event.doctor_id,
            "score": event.score,
            "aspects": event.aspects,
            "month": event.month,
        }
    await repository.store_ratings(work.session, [rows[rating_id] for rating_id in sorted(rows)])


def wilson(positive: int, count: int) -> tuple[float, float]:
    """Return the bounds of the share `positive / count` with 95 % confidence (E. B. Wilson, 1927)."""
    share, square = positive / count, Z * Z
    centre = share + square / (2 * count)
    margin = Z * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    scale = 1 + square / count
    # the bounds contain the share exactly, whatever the rounding
    return max(0.0, min(share, (centre - margin) / scale)), min(1.0, max(share, (centre + margin) / scale))


async def rank_due_months(work: UnitOfWork) -> int:
    """Rank every month that is over for some days and has ratings. Return how many were ranked; each is ranked once."""
    now, ranked = work.clock.now(), 0
    today = now.astimezone(regions()[CENTRAL_OFFICE].timezone).date()
    before = (today - timedelta(days=ranking_policy().days_after)).replace(day=1)
    for month in await repository.unranked_months(work.session, before):
        if not await repository.claim_month(work.session, month, now):
            continue
        rules = ranking_policy()
        tallies = await repository.provider_tallies(work.session, month, rules.positive_from, rules.minimum)
        if tallies:
            await repository.add_ranked(work.session, [_ranked(month, tally) for tally in sorted(tallies)])
        ranked += 1
    return ranked


def _ranked(month: date, tally: Tally) -> RankedRow:
    low, high = wilson(tally.positive, tally.ratings)
    return {
        "month": month,
        "provider_id": tally.subject_id,
        "ratings_at_least": ranking_policy().band(tally.ratings),
        "positive": _percent(tally.positive / tally.ratings),
        "low": _percent(low),
        "high": _percent(high),
        "mean_tenths": round(10 * tally.total / tally.ratings),
        "order": round(low * _MILLION),
    }


def _percent(share: float) -> int:
    return math.floor(100 * share + 0.5)


async def months(work: UnitOfWork) -> Sequence[date]:
    """Return the months that are ranked, latest first."""
    return await repository.ranked_months(work.session)


async def ranking(work: UnitOfWork, index: ProviderIndex, month: date, region: str | None) -> list[RankedItem]:
    """Return the ranking of a month, of a region or the country, best first. Providers that left the directory are left out."""
    listed = {provider.provider_id: provider for provider in index.listed(region)}
    found: list[RankedItem] = []
    rank, last = 0, None
    for row in await repository.ranking(work.session, month):
        provider = listed.get(row.provider_id)
        if provider is None:
            continue
        if row.order != last:
            rank, last = len(found) + 1, row.order
        found.append(
            RankedItem(
                rank=rank,
                provider_id=row.provider_id,
                name_kk=provider.name_kk,
                name_ru=provider.name_ru,
                region=provider.region,
                positive=row.positive,
                low=row.low,
                high=row.high,
                mean=row.mean_tenths / 10,
                ratings_at_least=row.ratings_at_least,
            )
        )
    return found


async def rated_doctors(work: UnitOfWork, provider_id: UUID, month: date) -> list[RatedDoctor]:
    """Return the doctors of a provider with enough ratings in a month, best first. The caller checks who may read it.

    A rating names a doctor by any id: those that are not on the provider's roster are left out.
    """
    rules, roster = ranking_policy(), {doctor.doctor_id for doctor in await doctors_of(work, provider_id)}
    tallies = await repository.doctor_tallies(work.session, provider_id, month, rules.positive_from, rules.doctor_minimum)
    known = [tally for tally in tallies if tally.subject_id in roster]
    best = sorted(known, key=lambda tally: (-wilson(tally.positive, tally.ratings)[0], tally.subject_id))
    return [_doctor(provider_id, tally) for tally in best]


def _doctor(provider_id: UUID, tally: Tally) -> RatedDoctor:
    low, high = wilson(tally.positive, tally.ratings)
    return RatedDoctor(
        doctor_id=tally.subject_id,
        provider_id=provider_id,
        positive=_percent(tally.positive / tally.ratings),
        low=_percent(low),
        high=_percent(high),
        mean=round(tally.total / tally.ratings, 1),
        ratings_at_least=max(ranking_policy().doctor_minimum, tally.ratings // 5 * 5),
    )


async def rated(work: UnitOfWork, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these providers and doctors have a rating. The undo of an import of the directory asks it."""
    return await repository.rated_ids(work.session, ids)
