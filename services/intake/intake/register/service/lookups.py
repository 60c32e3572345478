"""Lookups for the desk: the appeals of a phone number or an IIN, by keyed hash, and the providers that a typed name may mean."""

from collections.abc import Mapping, Sequence
from typing import Final

from intake.register import repository
from intake.register.service.providers import ListedProvider
from intake.register.service.registration import iin_key, phone_key
from shared.auth import Principal
from shared.contents import MAX_IDS, LookupRequest, LookupResponse, Purpose
from shared.domain.provider_names import index_over, name_search_policy
from shared.unit_of_work import UnitOfWork

LOOKUP_PURPOSES: Final[Mapping[str, Purpose]] = {
    "desk-search": Purpose(frozenset({"routing"}), for_a_person=True),
    "desk-related": Purpose(frozenset({"routing"}), for_a_person=True),
}
PROVIDERS: Final = 10  # more have little in common with what was typed


async def find_appeals(work: UnitOfWork, request: LookupRequest, reader: Principal) -> LookupResponse:
    """Return the appeals of a phone number, an IIN or an appeal's applicant, and record the lookup with what it found in the audit log."""
    phone = phone_key(work.pepper, request.phone) if request.phone is not None else None
    iin = iin_key(work.pepper, request.iin) if request.iin is not None else None
    if request.same_applicant_as is not None:
        phone, iin = await repository.applicant_keys(work.session, request.same_applicant_as)
    appeals = await repository.appeals_with(work.session, phone_key=phone, iin_key=iin, limit=MAX_IDS)
    found = [appeal_id for appeal_id in appeals if appeal_id != request.same_applicant_as]
    await work.audit.record(reader=reader.subject, purpose=request.purpose, ids=found, on_behalf_of=request.on_behalf_of)
    return LookupResponse(appeal_ids=found)


def find_providers(typed: str, providers: Sequence[ListedProvider]) -> LookupResponse:
    """Return the providers that a typed name may mean, best match first. Run it in a thread."""
    certain = name_search_policy().region_threshold
    hits = [hit for hit in index_over(providers).search(typed) if hit.score >= certain][:PROVIDERS]
    return LookupResponse(provider_ids=[hit.provider.id for hit in hits])
