"""Names that wait for a clerk, and the clerk's choice."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from provider_contact.directory.service import ProviderIndex
from provider_contact.inquiries import service as inquiries
from provider_contact.inquiries.errors import ActionNotPossible
from provider_contact.inquiries.schemas import ActionField, NextAction
from provider_contact.inquiries.service import Notices
from provider_contact.inquiries.service.contents import CandidateContent
from provider_contact.matching import repository
from provider_contact.matching.events import provider_matched
from provider_contact.matching.repository import WaitingName
from provider_contact.matching.schemas import Candidate, ChoiceResult, MatchDismissed, MatchItem, MatchMethod
from shared.auth import Principal
from shared.errors import InvalidInput
from shared.unit_of_work import UnitOfWork

CHOOSE = NextAction(
    action="choose",
    kk="Медициналық ұйымды таңдау",
    ru="Выбрать медицинскую организацию",
    en="Choose the provider",
    fields=[ActionField(name="provider_id", required=True)],
)
NONE = NextAction(
    action="none",
    kk="Тізімде бұл ұйым жоқ",
    ru="В списке нет этой организации",
    en="None of these",
    fields=[],
)


def match_item(waiting: WaitingName, name: str | None, index: ProviderIndex, principal: Principal) -> MatchItem:
    """Return a waiting name as it is listed, with those candidates that the directory still has."""
    stored = ((UUID(candidate["provider_id"]), candidate["score"]) for candidate in waiting.match.candidates)
    candidates = [
        Candidate(provider_id=provider_id, name_kk=provider.name_kk, name_ru=provider.name_ru, region=provider.region, score=score)
        for provider_id, score in stored
        if (provider := index.providers.get(provider_id))
    ]
    return MatchItem(
        appeal_id=waiting.match.appeal_id,
        number=waiting.number,
        region=waiting.region,
        received_at=waiting.received_at,
        name=name,
        candidates=candidates,
        next_actions=[CHOOSE, NONE] if principal.is_staff else [],
    )


async def choose(
    work: UnitOfWork, appeal_id: UUID, provider_id: UUID, principal: Principal, index: ProviderIndex, notices: Notices
) -> ChoiceResult:
    """Record which provider a clerk says a typed name means, and send the inquiry that was waiting for it.

    Raises NotFound for an appeal that the clerk may not see, ActionNotPossible if no choice is waiting any more, and InvalidInput for a
    provider that the directory does not have.
    """
    if provider_id not in index.providers:
        raise InvalidInput.field("provider_id", "unknown-provider", "The directory has no such provider.")
    appeal = await inquiries.appeal_for_update(work, appeal_id, principal)
    if await repository.match_for_update(work.session, appeal_id) is None:
        raise ActionNotPossible([])
    await repository.delete_matches(work.session, [appeal_id])
    work.publish(provider_matched(appeal_id, provider_id, 1.0, MatchMethod.CLERK))
    inquiry_id = await inquiries.assign_provider(work, appeal, provider_id, notices, seed=work.ids.new())
    return ChoiceResult(appeal_id=appeal_id, number=appeal.number, provider_id=provider_id, inquiry_id=inquiry_id)


async def choose_none(work: UnitOfWork, appeal_id: UUID, principal: Principal) -> MatchDismissed:
    """Record that a typed name means no provider of the directory: it waits for no clerk any more. Nothing is published.

    Raises NotFound for an appeal that the clerk may not see, ActionNotPossible if no choice is waiting any more.
    """
    appeal = await inquiries.appeal_for_update(work, appeal_id, principal)
    if await repository.match_for_update(work.session, appeal_id) is None:
        raise ActionNotPossible([])
    await repository.delete_matches(work.session, [appeal_id])
    return MatchDismissed(appeal_id=appeal_id, number=appeal.number)


async def find_candidates(work: UnitOfWork, appeal_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[CandidateContent]]:
    """Return the candidates of the names that wait for a clerk, by appeal id."""
    found = await repository.candidates_of(work.session, appeal_ids)
    return {
        appeal_id: [{"provider_id": candidate["provider_id"], "score": candidate["score"]} for candidate in candidates]
        for appeal_id, candidates in found.items()
    }
