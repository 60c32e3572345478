"""Files sent with a page's form: received at once, even if the form is refused, and claimed when what they belong to exists."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, Protocol, TypeVar

from fastapi import Request

from shared.domain.text import clean
from shared.errors import DomainError, TooMany, Unavailable
from shared.files.errors import AttachmentRefused, TooLarge
from shared.files.policy import kinds, policy
from shared.files.requests import FORM_MARGIN
from shared.forms import FIELD_LIMIT, FIELDS_LIMIT, MULTIPART, Part, parts_of, read_fields
from shared.header_fields import media_type_of
from shared.http import BODY_LIMIT

NAME_CHARACTERS: Final = 60  # of its end, with the extension

T = TypeVar("T")


@dataclass(slots=True)
class FormWithFiles(Generic[T]):
    """A posted form: its fields, its accepted files, and the messages about refused files."""

    fields: dict[str, str]
    files: list[T] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class FormFiles(Protocol[T]):
    """What a page does with a file of a form."""

    async def receive(self, part: Part) -> T:
        """Store the bytes of a file."""
        ...

    async def accept(self, file: T) -> object:
        """Inspect a received file."""
        ...

    def sentence(self, refusal: DomainError) -> str:
        """Return what the page says of a refused file: an AttachmentRefused, TooMany or Unavailable."""
        ...


async def receive_form(request: Request, files: FormFiles[T], *, limit: int = BODY_LIMIT, most: int = FIELDS_LIMIT) -> FormWithFiles[T]:
    """Receive a form and its files. `limit` and `most`: bytes and number of fields of a form without files.

    Raises what `read_fields` raises, MalformedForm, and TooLarge for a form longer than the limit of all its files.
    """
    if media_type_of(request) != MULTIPART:
        return FormWithFiles(await read_fields(request, limit=limit, most=most))
    received: list[tuple[str, T]] = []
    found, room = FormWithFiles[T]({}), FIELD_LIMIT  # of all fields together, as in a form without files
    async for part in parts_of(request, limit=policy().limits.total_bytes + FORM_MARGIN, most=most, too_large=TooLarge):
        if part.filename is None:
            text = await part.text(room)
            room -= len(text.encode())
            found.fields[part.name] = clean(text)
        elif part.filename:  # a browser sends an empty one where nothing was chosen
            stored = await _attempt(files, part.filename, found, partial(files.receive, part))
            if stored is not None:
                received.append((part.filename, stored))
    for name, stored in received:  # after the whole form is read: only then a disconnected client is noticed
        if await _attempt(files, name, found, partial(_accepted, files, stored)) is not None:
            found.files.append(stored)
    return found


async def _accepted(files: FormFiles[T], stored: T) -> T:
    await files.accept(stored)
    return stored


async def _attempt(files: FormFiles[T], name: str, found: FormWithFiles[T], work: Callable[[], Awaitable[T]]) -> T | None:
    """Do the work on one file. A refusal is added to the messages, and the other files are processed."""
    try:
        return await work()
    except AttachmentRefused as refusal:
        found.refused.append(f"{_short_name(name)}: {files.sentence(refusal)}")
    except (TooMany, Unavailable) as refusal:
        found.refused.append(files.sentence(refusal))
    return None


def _short_name(name: str) -> str:
    """Return the given name in one line of bounded length. It is shown to the sender alone and not stored."""
    return " ".join(name.split())[-NAME_CHARACTERS:]


def accepted_extensions() -> str:
    """Return the accepted file extensions, for an input's `accept`."""
    return ",".join(f".{extension}" for kind in kinds().values() for extension in kind.extensions)
