"""Files sent with a page's form: received at once, even if the form is refused, and claimed when what they belong to exists."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, Protocol, TypedDict, TypeVar

from fastapi import Request

from shared.domain.labels import Language
from shared.domain.text import clean
from shared.errors import DomainError, TooMany, Unavailable
from shared.files.errors import AttachmentRefused, TooLarge, TooManyFiles, TotalTooLarge
from shared.files.policy import kinds, policy
from shared.files.requests import FORM_MARGIN
from shared.forms import FIELD_LIMIT, FIELDS_LIMIT, MULTIPART, Part, announced_length, parts_of, read_fields
from shared.header_fields import media_type_of
from shared.http import BODY_LIMIT

NAME_CHARACTERS: Final = 60  # of its end, with the extension
SKIPPED: Final = 4  # a form of up to so many times the limit is read to its end without its files, for the fields behind them

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

    Of a form that announces more than all its files may have, the fields alone are received, and a message says why: nothing typed is
    lost. Of one longer than SKIPPED times that, only the fields in front of its files.

    Raises what `read_fields` raises, MalformedForm, and TooLarge for a form that is longer than the limit without announcing it.
    """
    if media_type_of(request) != MULTIPART:
        return FormWithFiles(await read_fields(request, limit=limit, most=most))
    received: list[tuple[str, T]] = []
    found, room = FormWithFiles[T]({}), FIELD_LIMIT  # of all fields together, as in a form without files
    allowed, announced = policy().limits.total_bytes + FORM_MARGIN, announced_length(request)
    is_too_large, read = announced > allowed, allowed * SKIPPED if announced > allowed else allowed
    async with aclosing(parts_of(request, limit=read, most=most, too_large=TooLarge, refuses_announced=False)) as parts:
        async for part in parts:
            if part.filename is None:
                text = await part.text(room)
                room -= len(text.encode())
                found.fields[part.name] = clean(text)
            elif is_too_large and announced > read:
                break
            elif part.filename and not is_too_large:  # a browser sends an empty name where nothing was chosen
                stored = await _attempt(files, part.filename, found, partial(files.receive, part))
                if stored is not None:
                    received.append((part.filename, stored))
    if is_too_large:
        found.refused.append(files.sentence(TotalTooLarge()))
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


class FileLimits(TypedDict):
    """What a script checks before files are sent: limits in bytes and files, and what the page says of each that is exceeded."""

    each: int
    together: int
    files: int
    each_exceeded: str
    together_exceeded: str
    files_exceeded: str


def file_limits(language: Language) -> FileLimits:
    """Return the limits of the files of a form, for an input's `limits`."""
    limits, refusals = policy().limits, policy().refusals
    return {
        "each": limits.file_bytes,
        "together": limits.total_bytes,
        "files": limits.files,
        "each_exceeded": refusals[TooLarge.code].in_(language),
        "together_exceeded": refusals[TotalTooLarge.code].in_(language),
        "files_exceeded": refusals[TooManyFiles.code].in_(language),
    }
