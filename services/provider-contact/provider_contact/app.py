"""The provider-contact service: the provider directory, the matching of typed names, and inquiries to providers."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI

from provider_contact.accounts import api as accounts_api
from provider_contact.accounts import pages as accounts_pages
from provider_contact.accounts import service as accounts
from provider_contact.accounts.dependencies import check_account
from provider_contact.attachments import api as attachments_api
from provider_contact.attachments import jobs as attachment_jobs
from provider_contact.attachments import pages as attachments_pages
from provider_contact.attachments.dependencies.receiving import AnswerFiles
from provider_contact.attachments.service.documents import SHARE_DOCUMENTS
from provider_contact.attachments.service.stored import StoredInquiryFiles
from provider_contact.checks import api as checks_api
from provider_contact.checks import pages as checks_pages
from provider_contact.checks import service as checks
from provider_contact.checks.handlers import apply_proposal_answers, draw_answers, draw_withdrawals, supersede_checks
from provider_contact.commitments import api as commitments_api
from provider_contact.commitments import service as commitments
from provider_contact.commitments.handlers import apply_commitment_answers
from provider_contact.deliveries import api as deliveries_api
from provider_contact.deliveries import jobs as delivery_jobs
from provider_contact.deliveries import pages as deliveries_pages
from provider_contact.deliveries.policy import check_policies as check_delivery_policies
from provider_contact.deliveries.service.calls import RECORD_CALL
from provider_contact.deliveries.service.planning import RoutedNotices
from provider_contact.deliveries.service.views import deliveries_of, delivery_contents
from provider_contact.directory import api as directory_api
from provider_contact.directory import service as directory
from provider_contact.directory.pages import router as directory_pages_router
from provider_contact.inquiries import api as inquiries_api
from provider_contact.inquiries import handlers as inquiry_handlers
from provider_contact.inquiries import pages as inquiry_pages
from provider_contact.inquiries import service as inquiries
from provider_contact.inquiries.models import ContentRead
from provider_contact.inquiries.service.contents import ContentSources, StatementContent, Statements
from provider_contact.inquiries.service.usage import providers_in_use
from provider_contact.matching import api as matching_api
from provider_contact.matching import handlers as matching_handlers
from provider_contact.matching import pages as matching_pages
from provider_contact.matching.policy import matching_policy
from provider_contact.matching.service.choices import find_candidates
from provider_contact.portal import handlers as portal_handlers
from provider_contact.portal import pages as portal_pages
from provider_contact.portal.policy import check_policies as check_portal
from provider_contact.proposals import api as proposals_api
from provider_contact.proposals import service as proposals
from provider_contact.ratings import api as ratings_api
from provider_contact.ratings import pages as ratings_pages
from provider_contact.ratings import service as ratings
from provider_contact.ratings.handlers import store_ratings
from provider_contact.ratings.policy import ranking_policy
from provider_contact.settings import Settings
from shared.contracts import (
    APPEALS,
    CONCERNS_PROVIDER,
    RATINGS,
    AppealImported,
    AppealRegistered,
    AppealRouted,
    AppealWithdrawn,
    CaseClosed,
    CaseForwarded,
    CaseReopened,
    CaseReturned,
    CaseTerminated,
    ClassificationCorrected,
    CommitmentAnswered,
    ComplaintPassedUp,
    ConsentAnswered,
    ConsentWithdrawn,
    ImportUndone,
    InquiryRequested,
    OutcomeConfirmed,
    ProposalAnswered,
    ProviderRated,
    TierRaised,
)
from shared.domain.provider_names import check_name_search
from shared.files.receiving import check_store_of
from shared.messaging.envelope import extension_header
from shared.messaging.handling import Batch, Handlers, Skips
from shared.messaging.runtime import Loop, every
from shared.rows import table_of
from shared.service import Foundation, Parts, Service, assemble
from shared.unit_of_work import UnitOfWork

NOTICES: Final[inquiries.Notices] = RoutedNotices()
EXTENSIONS: Final[tuple[inquiries.ActionHandler, ...]] = (
    RECORD_CALL,
    SHARE_DOCUMENTS,
    proposals.PROPOSE,
    commitments.PROMISE,
    checks.VERIFY,
    commitments.EXCUSE,
)
"""The actions on an inquiry that slices above it add."""


async def close_appeals(work: UnitOfWork, batch: Batch[inquiry_handlers.CaseEnded]) -> None:
    """Close everything that is open about a case that has ended."""
    await inquiry_handlers.close_ended_cases(work, batch)
    await matching_handlers.drop_waiting_names(work, batch)


async def withdraw_appeals(work: UnitOfWork, batch: Batch[Any]) -> None:
    """Close everything that is open about a withdrawn appeal, and draw of the withdrawals."""
    closed = await inquiry_handlers.close_ended_cases(work, batch)
    await matching_handlers.drop_waiting_names(work, batch)
    await draw_withdrawals(work, batch, closed)


async def reopen_cases(work: UnitOfWork, batch: Batch[CaseReopened]) -> None:
    """Open the appeals of reopened cases again, and call nobody about their earlier end."""
    await inquiry_handlers.reopen_cases(work, batch)
    await supersede_checks(work, batch)


async def register_appeals(work: UnitOfWork, batch: Batch[AppealRegistered]) -> None:
    """Store the appeals about providers, and those that officers of providers registered."""
    await matching_handlers.match_registered(work, batch)
    await portal_handlers.note_statements(work, batch)


_NO_PROVIDER: Final = extension_header(CONCERNS_PROVIDER, value=False)
SKIPS: Skips = {AppealRegistered: _NO_PROVIDER, AppealRouted: _NO_PROVIDER}
"""Nine appeals of ten name no provider: nothing is stored of them."""

_OPENING: Final = inquiry_handlers.InquiryOpening(NOTICES)
HANDLERS: Handlers = {
    AppealRegistered: register_appeals,
    AppealImported: matching_handlers.match_imported,
    AppealRouted: _OPENING.apply_routing,
    ClassificationCorrected: _OPENING.apply_correction,
    TierRaised: inquiry_handlers.apply_tier,
    CaseReopened: reopen_cases,
    ProposalAnswered: apply_proposal_answers,
    CommitmentAnswered: apply_commitment_answers,
    ConsentAnswered: partial(inquiry_handlers.apply_consents, notices=NOTICES),
    ConsentWithdrawn: partial(inquiry_handlers.apply_withdrawn_consents, notices=NOTICES),
    ImportUndone: inquiry_handlers.remove_undone,
    InquiryRequested: _OPENING.open_requested,
    AppealWithdrawn: withdraw_appeals,
    OutcomeConfirmed: draw_answers,
    **dict.fromkeys((CaseClosed, CaseForwarded, CaseReturned, CaseTerminated, ComplaintPassedUp), close_appeals),
    ProviderRated: store_ratings,
}


def jobs(parts: Parts[Settings]) -> Sequence[Loop]:
    """Return the service's periodic jobs."""

    async def advance() -> None:
        full = True
        while full:
            async with parts.units.write() as work:
                full = await inquiries.advance_due(work, NOTICES) == inquiries.STEP_BATCH

    async def unanswered() -> None:
        full = True
        while full:
            async with parts.units.write() as work:
                full = await proposals.mark_unanswered(work) == proposals.UNANSWERED_BATCH

    async def promises() -> None:
        full = True
        while full:
            async with parts.units.write() as work:
                full = await commitments.take_steps(work) == commitments.STEP_BATCH

    async def rankings() -> None:
        async with parts.units.write() as work:
            await ratings.rank_due_months(work)

    steps_every = timedelta(seconds=parts.settings.step_seconds)
    return [
        every(steps_every, "inquiry-steps", advance),
        every(steps_every, "proposals", unanswered),
        every(steps_every, "promises", promises),
        *delivery_jobs.loops(parts),
        *attachment_jobs.loops(parts),
        every(timedelta(hours=1), "rankings", rankings),
    ]


async def find_statements(work: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, StatementContent]:
    """Return the texts of proposals and of promises by id."""
    return {**await proposals.proposal_texts(work, ids), **await commitments.commitment_texts(work, ids)}


async def read_statements(work: UnitOfWork, inquiry_id: UUID) -> Statements:
    """Return what a provider says to the applicant about one inquiry."""
    return Statements(await proposals.proposals_of(work, inquiry_id), await commitments.commitments_of(work, inquiry_id))


SERVICE = Service[Settings](
    name="provider-contact",
    package="provider_contact",
    title="Aryz: provider contact",
    description="The directory of health-care providers, and the inquiries that the Fund sends them about appeals.",
    tags={
        "directory": "Search and import of the providers.",
        "inquiries": "Inquiries about an appeal, and the provider's actions on them.",
        "proposals": "What providers say they have solved here and now, and what the applicants answer.",
        "commitments": "What providers have promised by a day.",
        "checks": "Confirmations and withdrawals of which the applicant is asked by telephone.",
        "matches": "Providers that were named in an appeal and need a choice by staff.",
        "webhook": "The webhook of a provider's own system, with the log of its deliveries.",
        "ratings": "The monthly ranking of providers by residents, and the figures of doctors for the Fund.",
        "internal": "Calls between the services.",
    },
    handlers=HANDLERS,
    topics=(APPEALS, RATINGS),
    skips=SKIPS,
    preparations=matching_handlers.preparations,
    jobs=jobs,
    check=check_store_of,
    audit=table_of(ContentRead),
)


async def entries_in_use(work: UnitOfWork, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these providers and doctors appeals, inquiries or ratings name."""
    return await providers_in_use(work, ids) | await ratings.rated(work, ids)


def check_policies() -> None:
    """Load the reviewed files of every slice. Raises ReferenceDataError or ValidationError for a wrong file."""
    check_name_search()
    directory.check_policies()
    matching_policy()
    inquiries.check_policies()
    check_delivery_policies()
    ranking_policy()
    proposals.proposal_policy()
    commitments.commitment_policy()
    checks.check_policies()
    accounts.check_policies()
    check_portal()


def create_app(settings: Settings | None = None, foundation: Foundation | None = None) -> FastAPI:
    """Return the service's application. Raises what `check_policies` raises."""
    check_policies()
    actions = inquiries.Actions(StoredInquiryFiles(), NOTICES, EXTENSIONS)
    of_providers = APIRouter(dependencies=[Depends(check_account)])  # a person whose account was removed is refused
    for router in (
        inquiries_api.router,
        inquiries_api.action_router(actions.offered),
        attachments_api.router,
        proposals_api.router,
        commitments_api.router,
        deliveries_api.router,
    ):
        of_providers.include_router(router)
    routers = [
        directory_api.router,
        directory_pages_router,
        accounts_api.router,
        accounts_pages.router,
        of_providers,
        deliveries_pages.router,
        checks_api.router,
        checks_pages.router,
        matching_api.router,
        matching_pages.router,
        ratings_api.router,
        ratings_pages.router,
        *portal_pages.routers,
        inquiry_pages.router,
        attachments_pages.router,
    ]

    def prepare(app: FastAPI, parts: Parts[Settings]) -> None:
        app.state.directory = directory.Directory(parts.units)
        app.state.content_sources = ContentSources(find_candidates, delivery_contents, find_statements, actions.files)
        app.state.find_deliveries = deliveries_of
        app.state.read_statements = read_statements
        app.state.actions = actions
        app.state.answer_files = AnswerFiles(parts, parts.settings)
        app.state.entries_in_use = entries_in_use

    app = assemble(SERVICE, settings or Settings(), foundation, routers, prepare=prepare)
    portal_pages.PAGES.mount_static(app)  # its own files and the shared ones, which the other pages use
    return app
