"""Stores what is no event of an appeal: names of providers, calls, and questions that an article answered."""

from typing import cast

from analytics.facts import repository
from analytics.facts.handlers.days import local_day
from analytics.facts.models import CallRow, ProviderRow, RatingRow, SelfServedRow
from analytics.facts.schemas import CallOutcome
from shared.contracts import CallEnded, ProviderRated, ProviderRecorded, QuestionSelfServed
from shared.domain.regions import CENTRAL_OFFICE
from shared.messaging.handling import Batch
from shared.unit_of_work import UnitOfWork


async def record_providers(work: UnitOfWork, batch: Batch[ProviderRecorded]) -> None:
    """Store the names, the district and the kind of providers."""
    names = {"provider_id", "name_kk", "name_ru", "region", "district", "kind", "active"}
    rows = [received.event.model_dump(include=names) for received in batch.received]
    await repository.upsert_providers(work.session, cast("list[ProviderRow]", rows))


def _call(event: CallEnded) -> CallRow:
    same = event.model_dump(include={"call_id", "queue", "region", "waited_seconds", "talked_seconds"})
    day = local_day(event.offered_at, event.region or CENTRAL_OFFICE)
    return cast("CallRow", same | {"offered_on": day, "outcome": CallOutcome(event.outcome)})


async def record_calls(work: UnitOfWork, batch: Batch[CallEnded]) -> None:
    """Store a row for each call. A call without a region counts for the local day of the central office."""
    rows = [_call(received.event) for received in batch.received]
    await repository.insert_calls(work.session, rows)


def _served(event: QuestionSelfServed) -> SelfServedRow:
    day = local_day(event.served_at, event.region or CENTRAL_OFFICE)
    return cast("SelfServedRow", event.model_dump(exclude={"served_at"}) | {"served_on": day})


async def record_self_service(work: UnitOfWork, batch: Batch[QuestionSelfServed]) -> None:
    """Store a row for each question that an article answered; nothing was filed."""
    rows = [_served(received.event) for received in batch.received]
    await repository.insert_self_served(work.session, rows)


async def record_ratings(work: UnitOfWork, batch: Batch[ProviderRated]) -> None:
    """Store the ratings of providers; the latest of a rating counts. Doctors and aspects are not counted here."""
    latest = {
        each.event.rating_id: each.event.model_dump(include={"rating_id", "provider_id", "score", "month"}) for each in batch.received
    }
    await repository.store_ratings(work.session, cast("list[RatingRow]", [latest[rating_id] for rating_id in sorted(latest)]))
