"""What this service stores of appeals: recorded at registration, closed with the case."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Subquery

from provider_contact.inquiries import repository
from provider_contact.inquiries.models import Appeal, AppealRow
from provider_contact.inquiries.schemas import AppealStatement, ClosedAppeal
from shared.auth import Principal
from shared.contracts import AppealRegistered, AppealWithdrawn, InquiryRequested
from shared.domain.protection import protection_of
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork
from shared.visibility import Scope, visible_cases


async def record_appeals(work: UnitOfWork, registrations: Sequence[tuple[AppealRegistered, UUID | None]]) -> None:
    """Store registered appeals about a provider, each with its provider if it is known. An appeal that is stored already stays as it is."""
    await repository.insert_appeals(work.session, [_appeal_row(event, provider_id) for event, provider_id in registrations])


def _appeal_row(event: AppealRegistered, provider_id: UUID | None) -> AppealRow:
    return {
        "appeal_id": event.appeal_id,
        "number": event.number,
        "region": event.region,
        "tier": None,
        "kind": None,
        "category": None,
        "provider_id": provider_id,
        "discloses": event.discloses_to_provider,
        "received_at": event.received_at,
        "closed": False,
        "protection": None if event.category is None else protection_of([event.category]),
        "asked_by_rule": event.asks_provider,
    }


async def record_requested(work: UnitOfWork, requests: Sequence[InquiryRequested]) -> None:
    """Store the appeals that clerks ask a provider about. An appeal that is stored already stays as it is."""
    now = work.clock.now()
    rows: dict[UUID, AppealRow] = {
        event.appeal_id: {
            "appeal_id": event.appeal_id,
            "number": event.number,
            "region": event.region,
            "tier": event.tier,
            "kind": event.kind,
            "category": event.category,
            "provider_id": None,
            "discloses": False,
            "received_at": now,
            "closed": False,
            "protection": event.protection,
            "asked_by_rule": True,
        }
        for event in requests
    }
    await repository.insert_appeals(work.session, list(rows.values()))


async def record_stated(work: UnitOfWork, events: Sequence[AppealStatement]) -> None:
    """Store appeals about no provider of whose applicants a statement is checked. An appeal that is stored already stays as it is.

    The case of a confirmed answer is closed by an event of its own.
    """
    rows: list[AppealRow] = [
        {
            "appeal_id": event.appeal_id,
            "number": event.number,
            "region": event.region,
            "tier": event.tier,
            "kind": event.kind,
            "category": event.category,
            "provider_id": None,
            "discloses": False,
            "received_at": event.received_at,
            "closed": isinstance(event, AppealWithdrawn),
            "protection": event.protection,
            "asked_by_rule": True,
        }
        for event in events
        if event.number is not None and event.region is not None and event.received_at is not None
    ]
    if rows:
        await repository.insert_appeals(work.session, rows)


async def known_providers(work: UnitOfWork, appeal_ids: Sequence[UUID]) -> Mapping[UUID, UUID | None]:
    """Return the appeals of these that are stored, each with its provider, None if it has none."""
    return await repository.known_providers(work.session, appeal_ids)


async def close_appeals(work: UnitOfWork, appeal_ids: Sequence[UUID]) -> Mapping[UUID, ClosedAppeal]:
    """Close those of the appeals that are open, with their open inquiries, and return them. Emits nothing: the case has ended."""
    return await repository.close_appeals(work.session, appeal_ids, work.clock.now())


async def appeal_for_update(work: UnitOfWork, appeal_id: UUID, principal: Principal) -> Appeal:
    """Return the appeal and lock its row. Raises NotFound for an appeal that the clerk may not see."""
    appeal = await repository.appeal_for_update(work.session, appeal_id, visible_cases(principal))
    if appeal is None:
        raise NotFound
    return appeal


def appeals_in(scope: Scope, region: str | None) -> Subquery:
    """Return the appeals in scope (of one region, if given) as a subquery for a join.

    Its columns include `appeal_id`, `number`, `region` and `received_at`.
    """
    return repository.appeals_in(scope, region)
