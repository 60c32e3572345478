"""Suggestions of cases that may belong to a case: the applicant's other appeals, and cases with a similar text about the same.

Only cases that the clerk may see are suggested, and on request alone, because intake looks up the applicant and reads texts for it.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process

from routing.cases import service as cases
from routing.cases.codes import LinkType
from routing.cases.schemas.links import CaseSubject, LinkedCase
from routing.cases.schemas.views import CaseView
from routing.desk.schemas import AppealContent, RelatedCase
from routing.desk.service.conversation import FETCH_SECONDS, INTAKE
from shared.auth import Principal
from shared.contents import Contents, LookupRequest, OwnerUnavailable
from shared.unit_of_work import UnitOfWork

LOOKUP_PURPOSE: Final = "desk-related"
TEXT_PURPOSE: Final = "similar-texts"
RECENT: Final = timedelta(days=60)
COMPARED: Final = 30  # texts of one request
COMPARED_LENGTH: Final = 2_000  # characters of a text; a comparison of two takes a tenth of a millisecond
LEAST_SCORE: Final = 60  # of 100; texts about one subject reach some 45 by their common words
SUGGESTED: Final = 5


def subject_of(case: CaseView) -> CaseSubject:
    """Return what similar cases are looked for by."""
    return CaseSubject(case.appeal_id, case.region, case.provider_id, case.category, case.topic)


async def fetch_appeals_of_applicant(contents: Contents, appeal_id: UUID, clerk: Principal) -> Sequence[UUID] | None:
    """Return the other appeals filed under the phone or the IIN of this one; None while intake does not answer.

    Intake compares keyed hashes, and records the lookup in its audit log.
    """
    request = LookupRequest(purpose=LOOKUP_PURPOSE, on_behalf_of=clerk.subject, same_applicant_as=appeal_id)
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return (await contents.look_up(request)).appeal_ids
    except (OwnerUnavailable, TimeoutError):
        return None


async def of_applicant(work: UnitOfWork, clerk: Principal, case: CaseSubject, appeal_ids: Sequence[UUID]) -> list[RelatedCase]:
    """Return those of the applicant's appeals that the clerk may see."""
    found = await cases.visible_suggestions(work, clerk, case, appeal_ids)
    return [_related(other, LinkType.SAME_APPLICANT) for other in found]


async def candidates(work: UnitOfWork, clerk: Principal, case: CaseSubject) -> list[LinkedCase]:
    """Return the recent cases about the same provider or region and the same subject that the clerk may see."""
    return await cases.cases_alike(work, clerk, case, work.clock.now() - RECENT, COMPARED)


async def similar(contents: Contents, clerk: Principal, case: CaseSubject, found: Sequence[LinkedCase]) -> list[RelatedCase] | None:
    """Return the candidates with a similar text, the most similar first; None while intake does not answer.

    Intake records the read of each text in its audit log.
    """
    if not found:
        return []
    ids = [case.appeal_id, *(other.appeal_id for other in found)]
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            read = await contents.read(INTAKE, ids, purpose=TEXT_PURPOSE, on_behalf_of=clerk.subject, role=clerk.role)
    except (OwnerUnavailable, TimeoutError):
        return None
    texts = {appeal_id: AppealContent.model_validate(content).text for appeal_id, content in read.items() if content is not None}
    return ranked(texts.get(case.appeal_id) or "", {other: text for other in found if (text := texts.get(other.appeal_id))})


def ranked(text: str, others: dict[LinkedCase, str]) -> list[RelatedCase]:
    """Return the cases whose text is similar, the most similar first. The order of words does not matter."""
    choices = {other: each[:COMPARED_LENGTH] for other, each in others.items()}
    best = process.extract(
        text[:COMPARED_LENGTH],
        choices,
        scorer=fuzz.token_sort_ratio,
        processor=default_process,
        limit=SUGGESTED,
        score_cutoff=LEAST_SCORE,
    )
    return [_related(other, LinkType.SIMILAR, round(score)) for _, score, other in best]


def _related(other: LinkedCase, kind: LinkType, score: int | None = None) -> RelatedCase:
    return RelatedCase(appeal_id=other.appeal_id, number=other.number, type=kind, score=score)
