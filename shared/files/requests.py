"""The file in a request: the body itself, or the field `file` of a form."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Final, Generic, NamedTuple, TypeVar

from fastapi import Request
from pydantic import BaseModel

from shared.errors import InvalidInput
from shared.files import policy
from shared.files.errors import TooLarge
from shared.forms import MULTIPART, parts_of, refuse_announced
from shared.header_fields import filename_of, media_type_of

FORM_MARGIN: Final = 65_536  # bytes of a form in addition to its file
FIELD: Final = "file"
BINARY: Final = {"schema": {"type": "string", "format": "binary"}}

T = TypeVar("T")
Store = Callable[[AsyncIterable[bytes], str | None, str | None], Awaitable[T]]
"""Stores the bytes of a file with its name and its media type."""
Cancel = Callable[[T], Awaitable[object]]


class FileFingerprint(BaseModel):
    """A file in a request; a repeat of the request is recognised by it."""

    name: str | None
    media_type: str | None
    sha256: str

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.model_dump_json().encode()).digest()


class ReceivedFile(NamedTuple, Generic[T]):
    """What the file was stored as, and its fingerprint."""

    file: T
    fingerprint: FileFingerprint


async def receive_file(request: Request, store: Store[T], cancel: Cancel[T]) -> ReceivedFile[T]:
    """Store the file of a request. `cancel` deletes it if the form turns out to be wrong afterwards.

    The form is read to its end: only then a disconnected client is noticed. Raises InvalidInput for a form without exactly one file,
    TooLarge, MalformedForm, and what `store` raises.
    """
    most = policy.policy().limits.file_bytes
    if media_type_of(request) != MULTIPART:
        refuse_announced(request, most, TooLarge)
        name = filename_of(request.headers.get("content-disposition", ""))
        return await _stored(store, request.stream(), name, media_type_of(request))
    found: ReceivedFile[T] | None = None
    try:
        async for part in parts_of(request, limit=most + FORM_MARGIN, too_large=TooLarge):
            if found is not None or part.name != FIELD or part.filename is None:
                raise InvalidInput.field(FIELD, "unknown-field", "A form has one file, under this name.")  # noqa: TRY301
            found = await _stored(store, part.chunks, part.filename, part.media_type)
    except BaseException:
        if found is not None:
            await cancel(found.file)
        raise
    if found is None:
        raise InvalidInput.field(FIELD, "required", "A file is needed.")
    return found


async def _stored(store: Store[T], data: AsyncIterable[bytes], name: str | None, media_type: str | None) -> ReceivedFile[T]:
    digest = hashlib.sha256()

    async def passing() -> AsyncIterator[bytes]:
        async for chunk in data:
            digest.update(chunk)
            yield chunk

    stored = await store(passing(), name, media_type)
    return ReceivedFile(stored, FileFingerprint(name=name, media_type=media_type, sha256=digest.hexdigest()))


def file_contents() -> dict[str, object]:
    """Return what the API document says of a body that is a file of an accepted kind."""
    return {kind.media_types[0]: BINARY for kind in policy.kinds().values()}
