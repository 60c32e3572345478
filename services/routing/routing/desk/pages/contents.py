"""The contents that the desk fetches from other services on behalf of the clerk, prepared for the page of a case."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel

from routing.cases.schemas.views import CaseView
from routing.classification.schemas import StoredEvidence
from routing.desk.pages.reader import DeskReader
from routing.desk.schemas import AppealContent, AttachmentContent, ResponseContent
from shared.contents import Contents, OwnerUnavailable
from shared.web.formats import Formats
from shared.web.i18n import N_

FETCH_SECONDS: Final = 3  # the rest of the case is shown without waiting longer for a slow owner
BYTES_IN_KB: Final = 1024
_APPLICANT: Final = (
    ("full_name", N_("Full name")),
    ("iin", N_("IIN")),
    ("phone", N_("Phone")),
    ("email", N_("E-mail")),
    ("address", N_("Address")),
)
_FILE_STATES: Final = {"UNSCANNED": N_("not checked for viruses"), "INFECTED": N_("infected, it cannot be opened")}

ContentT = TypeVar("ContentT", bound=BaseModel)


class FetchState(StrEnum):
    """READ: the content is here. NONE: the owner has none. DOWN: the owner does not answer."""

    READ = "read"
    NONE = "none"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class TextPart:
    """A part of the appeal's text; `marked` if it is evidence of the classification."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class FetchedText:
    """A text or facts that another service owns."""

    state: FetchState
    parts: Sequence[TextPart] = ()
    text: str = ""
    language: str = ""
    facts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class ApplicantMessage:
    """A message of the applicant after filing; `text` is empty if it cannot be read."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Additions:
    """What intake stores of an appeal in addition to its text. A file is described by its kind, size and state."""

    contested_act: str = ""
    provider_name: str = ""
    messages: Sequence[ApplicantMessage] = ()
    files: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FetchedContents:
    """What was fetched from other services to show a case; None where nothing was requested."""

    appeal: FetchedText
    applicant: FetchedText | None = None
    response: FetchedText | None = None
    additions: Additions = Additions()


async def fetch_contents(
    contents: Contents, case: CaseView, reader: DeskReader, response_id: UUID | None, *, shows_applicant: bool
) -> FetchedContents:
    """Fetch the contents of a case from their owners, who record each access in their audit logs.

    The applicant's identity is requested only if it is to be shown.
    """
    purpose = "desk" if shows_applicant else "desk-text"
    appeal, response = await asyncio.gather(
        _fetch(contents, reader, AppealContent, "intake", case.appeal_id, purpose),
        _fetch(contents, reader, ResponseContent, "provider-contact", response_id, "desk"),
    )
    down = FetchedText(FetchState.DOWN)
    applicant = (applicant_of(appeal, reader) if appeal is not None else down) if shows_applicant else None
    return FetchedContents(
        appeal=marked_text(appeal, case.classification.get("evidence", ())) if appeal is not None else down,
        applicant=applicant,
        response=_response(response) if response_id else None,
        additions=_additions(appeal, reader) if appeal is not None else Additions(),
    )


async def _fetch(
    contents: Contents, reader: DeskReader, model: type[ContentT], owner: str, content_id: UUID | None, purpose: str
) -> ContentT | None:
    """Return the content, empty if the owner has none; None if the owner does not answer in time or no id is given."""
    if content_id is None:
        return None
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            found = await contents.read(owner, [content_id], purpose=purpose, on_behalf_of=reader.subject)
    except (OwnerUnavailable, TimeoutError):
        return None
    return model.model_validate(found.get(content_id) or {})


def marked_text(content: AppealContent, evidence: Sequence[StoredEvidence]) -> FetchedText:
    """Return the appeal's text in parts with the evidence marked; evidence outside the text is ignored."""
    text = content.text or ""
    return FetchedText(FetchState.READ, parts=list(_parts(text, evidence))) if text else FetchedText(FetchState.NONE)


def _parts(text: str, evidence: Sequence[StoredEvidence]) -> Iterator[TextPart]:
    position = 0
    for start, end in sorted((piece["start"], piece["end"]) for piece in evidence):
        if end <= position or end > len(text):
            continue
        if start > position:
            yield TextPart(text[position:start], marked=False)
        yield TextPart(text[max(start, position) : end], marked=True)
        position = end
    if position < len(text):
        yield TextPart(text[position:], marked=False)


def _additions(content: AppealContent, reader: DeskReader) -> Additions:
    return Additions(
        contested_act=content.contested,
        provider_name=content.provider_name or "",
        messages=[ApplicantMessage(message.at, message.text or "") for message in content.messages],
        files=[_file(attachment, reader) for attachment in content.attachments],
    )


def _file(attachment: AttachmentContent, reader: DeskReader) -> str:
    size = Formats(reader.language).number(max(1, round(attachment.size / BYTES_IN_KB)), 0)
    text = reader.translate(N_("%(kind)s, %(size)s kB"), kind=attachment.kind or "?", size=size)
    state = _FILE_STATES.get(attachment.state)
    return f"{text}: {reader.translate(state)}" if state else text


def applicant_of(content: AppealContent, reader: DeskReader) -> FetchedText:
    """Return the known facts of the applicant, none for an anonymous appeal."""
    found = [(reader.translate(label), getattr(content.applicant, name, None)) for name, label in _APPLICANT]
    return FetchedText(FetchState.READ, facts=[(label, value) for label, value in found if value])


def _response(content: ResponseContent | None) -> FetchedText:
    if content is None:
        return FetchedText(FetchState.DOWN)
    if not content.text:
        return FetchedText(FetchState.NONE)
    return FetchedText(FetchState.READ, text=content.text, language=content.language)
