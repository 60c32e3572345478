"""The conversation of a case: what routing owns, and what intake and provider-contact return for the clerk, in one order of time."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel

from routing.cases.codes import ConversationSide, EntryType
from routing.cases.schemas.conversation import CaseConversation, CaseEntry
from routing.desk.schemas import (
    AnswerFileContent,
    AppealContent,
    AttachmentContent,
    Conversation,
    ConversationAttachment,
    ConversationItem,
    ExchangeContent,
    MessageContent,
    ResponseContent,
)
from shared.auth import Principal
from shared.contents import Contents, OwnerUnavailable

FETCH_SECONDS: Final = 3  # the rest of the case is shown without waiting longer for a slow owner
INTAKE: Final = "intake"
PROVIDER_CONTACT: Final = "provider-contact"
TOGETHER: Final = timedelta(minutes=1)
"""A reaction and what was written with it are stored by one request, but their events may get a later time."""
APPLICANT: Final = "applicant"

ContentT = TypeVar("ContentT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class FetchedOwners:
    """What the owners returned: None for an owner that does not answer. `responses` by response id."""

    appeal: AppealContent | None
    responses: Mapping[UUID, ResponseContent] | None


async def fetch_owners(contents: Contents, case: CaseConversation, clerk: Principal, *, shows_applicant: bool) -> FetchedOwners:
    """Fetch the texts of a case on behalf of the clerk; their owners record each access in their audit logs.

    The applicant's identity is requested only if it is to be shown.
    """
    purpose = "desk" if shows_applicant else "desk-text"
    response_ids = [entry.response_id for entry in case.entries if entry.response_id is not None]
    appeals, responses = await asyncio.gather(
        fetch_contents(contents, AppealContent, INTAKE, [case.appeal_id], purpose, clerk),
        fetch_contents(contents, ResponseContent, PROVIDER_CONTACT, response_ids, "desk", clerk),
    )
    return FetchedOwners(appeals.get(case.appeal_id, AppealContent()) if appeals is not None else None, responses)


async def fetch_exchange(contents: Contents, appeal_id: UUID, clerk: Principal) -> ExchangeContent | None:
    """Return which providers were asked about an appeal and which its typed name may mean; None while provider-contact does not answer."""
    found = await fetch_contents(contents, ExchangeContent, PROVIDER_CONTACT, [appeal_id], "desk-exchange", clerk)
    return found.get(appeal_id, ExchangeContent()) if found is not None else None


async def fetch_contents(
    contents: Contents, model: type[ContentT], owner: str, ids: Sequence[UUID], purpose: str, clerk: Principal
) -> Mapping[UUID, ContentT] | None:
    """Return the contents by id, without ids of which the owner has none; None if the owner does not answer in time."""
    if not ids:
        return {}
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            found = await contents.read(owner, ids, purpose=purpose, on_behalf_of=clerk.subject, role=clerk.role)
    except (OwnerUnavailable, TimeoutError):
        return None
    return {content_id: model.model_validate(content) for content_id, content in found.items() if content is not None}


class FileAddresses(NamedTuple):
    """The addresses under which files are opened by their ids: those of the applicant, and those of providers."""

    of_applicant: str
    of_providers: str


def conversation(case: CaseConversation, fetched: FetchedOwners, hrefs: FileAddresses) -> Conversation:
    """Return the conversation, oldest entry first."""
    items = [*_of_applicant(case, fetched.appeal, hrefs.of_applicant), *_own(case, fetched, hrefs.of_providers)]
    items.sort(key=lambda item: item.at)
    missing = [name for name, found in ((INTAKE, fetched.appeal), (PROVIDER_CONTACT, fetched.responses)) if found is None]
    return Conversation(items=items, total=len(items), unavailable=missing)


def _own(case: CaseConversation, fetched: FetchedOwners, files_href: str) -> Iterator[ConversationItem]:
    """Yield the entries that routing knows, with the texts of responses. A reaction with a text of its own is the applicant's message."""
    written = fetched.appeal.messages if fetched.appeal is not None else []
    for entry in case.entries:
        is_written = any(entry.type == message.kind and abs(entry.at - message.at) <= TOGETHER for message in written)
        if entry.side is not ConversationSide.APPLICANT or not is_written:
            yield _item(entry, fetched.responses, files_href)


def _item(entry: CaseEntry, responses: Mapping[UUID, ResponseContent] | None, files_href: str) -> ConversationItem:
    response = (responses or {}).get(entry.response_id) if entry.response_id is not None else None
    return ConversationItem(
        at=entry.at,
        side=entry.side,
        type=entry.type,
        language=(response.language or None) if response is not None else entry.language,
        text=response.text if response is not None else entry.text,
        unavailable=entry.response_id is not None and response is None,
        attachments=[_answer_file(file, files_href) for file in response.attachments] if response is not None else [],
        author_role=entry.author_role,
        author_name=entry.author_name,
        answer=entry.answer,
        missing=list(entry.missing),
        questions=list(entry.questions),
        code=entry.code,
        score=entry.score,
    )


def _of_applicant(case: CaseConversation, appeal: AppealContent | None, files_href: str) -> Iterator[ConversationItem]:
    """Yield the appeal and the applicant's later messages, each with its files; without intake the appeal alone, as unavailable."""
    files = appeal.attachments if appeal is not None else []
    known = {message.id for message in appeal.messages} if appeal is not None else set()
    yield ConversationItem(
        at=case.received_at,
        side=ConversationSide.APPLICANT,
        type=EntryType.APPEAL,
        language=case.language,
        text=appeal.text if appeal is not None else None,
        unavailable=appeal is None,
        attachments=[_attachment(file, files_href) for file in files if file.message_id not in known],
        author_role=APPLICANT,
    )
    for message in appeal.messages if appeal is not None else []:
        own = [_attachment(file, files_href) for file in files if file.message_id is not None and file.message_id == message.id]
        yield _message(message, own, case.language)


def _message(message: MessageContent, files: list[ConversationAttachment], language: str) -> ConversationItem:
    return ConversationItem(
        at=message.at,
        side=ConversationSide.APPLICANT,
        type=message.kind,
        language=language,
        text=message.text,
        unavailable=message.damaged,
        attachments=files,
        author_role=APPLICANT,
    )


def _attachment(file: AttachmentContent, files_href: str) -> ConversationAttachment:
    return ConversationAttachment(
        attachment_id=file.attachment_id,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        state=file.state,
        href=f"{files_href}/{file.attachment_id}" if file.available else None,
    )


def _answer_file(file: AnswerFileContent, files_href: str) -> ConversationAttachment:
    return ConversationAttachment(
        attachment_id=file.file_id,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        state=file.state,
        href=f"{files_href}/{file.file_id}" if file.available else None,
    )
