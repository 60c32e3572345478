"""Files and documents as pages list them."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from provider_contact.inquiries.schemas.views import AnswerFileView, DocumentView
from shared.domain.labels import Label, Language

CHOSEN: Final = "waiting."
"""The name of a tick at a file that waits to be sent is this and its id."""
FILES: Final = "files"
"""The name of the input of new files."""


class FileLine(NamedTuple):
    """A file of an answer. `href`: None while it may not be opened; `state` says why."""

    file_id: UUID
    name: str
    kilobytes: int
    state: str
    href: str | None


class DocumentLine(NamedTuple):
    """A shown document. `href`: None while it may not be opened."""

    name: str
    kilobytes: int
    href: str | None
    state: str = ""


def file_lines(files: Sequence[AnswerFileView], language: Language, base: str) -> list[FileLine]:
    """Return files as a page lists them. `base`: the address of the inquiry's page."""
    return [
        FileLine(
            file.file_id,
            file.name or "–",
            _kilobytes(file.size),
            Label(file.kk, file.ru, file.en).in_(language),
            f"{base}/files/{file.file_id}" if file.available else None,
        )
        for file in files
    ]


def document_lines(documents: Sequence[DocumentView], base: str, path: str = "/documents/") -> list[DocumentLine]:
    """Return shown documents as a page lists them. `base`: the address of the inquiry's page, `path`: what is between it and an id."""
    return [
        DocumentLine(each.name or "–", _kilobytes(each.size or 0), f"{base}{path}{each.attachment_id}" if each.available else None)
        for each in documents
    ]


def chosen_files(sent: dict[str, str]) -> list[UUID]:
    """Return the ids of the ticked files of a form; anything else is ignored."""
    found = []
    for name in sent:
        if name.startswith(CHOSEN):
            try:
                found.append(UUID(name.removeprefix(CHOSEN)))
            except ValueError:
                continue
    return found


def _kilobytes(size: int) -> int:
    return -(-size // 1024)
