"""Bounded parsing of posted forms: `application/x-www-form-urlencoded` as a whole, `multipart/form-data` as a stream of parts.

Every route with a form uses this module. Nothing is written to disk, and nothing is read before the route asks for it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser
from starlette.requests import Request

from shared.domain.text import clean
from shared.errors import DomainError, MalformedText, PayloadTooLarge, UnsupportedMediaType
from shared.header_fields import options_of
from shared.http import BODY_LIMIT, read_body

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
FIELDS_LIMIT: Final = 100  # fields; the longest form of the product has a fifth of it
FIELD_LIMIT: Final = BODY_LIMIT  # bytes of one field that is not a file: the same limit as a JSON body
NAME_LIMIT: Final = 200  # bytes of a field's name
HEADERS_LIMIT: Final = 8  # header lines of a part, each of at most HEADER_LIMIT bytes
HEADER_LIMIT: Final = 4_096
BOUNDARY_LIMIT: Final = 200  # bytes; RFC 2046 §5.1.1 allows 70
STEP: Final = 16_384  # bytes parsed at once: 15 ms where every few bytes are half a boundary
INLINE: Final = 32_768  # bytes of an urlencoded form that are parsed in a millisecond; a longer form is parsed in a thread


class MalformedForm(DomainError):
    code, status, title = "malformed-form", 400, "The body is not a valid form."


@dataclass(slots=True)
class Part:
    """A field or a file of a form. Read `chunks` before requesting the next part; unread chunks are discarded."""

    name: str
    filename: str | None
    media_type: str | None
    chunks: AsyncIterator[bytes]

    async def text(self, limit: int = FIELD_LIMIT) -> str:
        """Return the value of a field of at most `limit` bytes. Raises PayloadTooLarge, and MalformedForm for invalid UTF-8."""
        value = bytearray()
        async for chunk in self.chunks:
            value += chunk
            if len(value) > limit:
                raise PayloadTooLarge
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise MalformedForm from None


async def read_fields(request: Request, *, limit: int = BODY_LIMIT, most: int = FIELDS_LIMIT) -> dict[str, str]:
    """Return the cleaned fields of an urlencoded form (`shared.domain.text`). The last of several values counts.

    `limit`: bytes of the body, `most`: fields. Raises UnsupportedMediaType, PayloadTooLarge, and MalformedText for invalid UTF-8
    or too many fields.
    """
    raw = await read_body(request, limit=limit, media_type=URLENCODED)
    return _fields(raw, most) if len(raw) <= INLINE else await asyncio.to_thread(_fields, raw, most)


def _fields(raw: bytes, most: int) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=most)
    except ValueError:
        raise MalformedText from None
    return {name: clean(value) for name, value in pairs}


async def parts_of(
    request: Request,
    *,
    limit: int,
    most: int = FIELDS_LIMIT,
    too_large: type[DomainError] = PayloadTooLarge,
    refuses_announced: bool = True,
) -> AsyncGenerator[Part, None]:
    """Yield the parts of a multipart form of at most `limit` bytes and `most` parts, in order.

    Raises UnsupportedMediaType, MalformedForm and `too_large`, the last before reading if the length is announced, unless
    `refuses_announced` is False.
    """
    media_type, options = options_of(request.headers.get("content-type", ""))
    boundary = options.get("boundary", "").encode("latin-1")
    if media_type != MULTIPART or not boundary:
        raise UnsupportedMediaType
    if len(boundary) > BOUNDARY_LIMIT:
        raise MalformedForm
    if refuses_announced:
        refuse_announced(request, limit, too_large)
    async with aclosing(_parsed(request, boundary, limit, too_large)) as parsed:
        async for item in parsed:
            if not isinstance(item, dict):
                continue  # the unread rest of the previous part
            most -= 1
            if most < 0:
                raise MalformedForm
            yield _part(item, parsed)


def refuse_announced(request: Request, limit: int, too_large: type[DomainError] = PayloadTooLarge) -> None:
    """Raise `too_large` for a body whose Content-Length is above `limit` bytes."""
    if announced_length(request) > limit:
        raise too_large


def announced_length(request: Request) -> int:
    """Return the Content-Length in bytes; 0 if there is none."""
    announced = request.headers.get("content-length", "")
    return int(announced[:20]) if announced.isascii() and announced.isdecimal() else 0


@dataclass(slots=True)
class _Reading:
    """Parsed but unread items: the headers of a new part, its data, and None at its end."""

    found: deque[dict[bytes, bytes] | bytes | None] = field(default_factory=deque)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: bytes = b""
    value: bytes = b""
    data: bytearray = field(default_factory=bytearray)

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self.headers.clear,
                "on_header_field": self._name,
                "on_header_value": self._value,
                "on_header_end": self._header,
                "on_headers_finished": lambda: self.found.append(dict(self.headers)),
                "on_part_data": self._data,
                "on_part_end": self._end,
            },
            max_header_count=HEADERS_LIMIT,
            max_header_size=HEADER_LIMIT,
        )

    def flush(self) -> None:
        """Pass on the data of one step as one chunk. Data full of partial boundaries arrives byte by byte."""
        if self.data:
            self.found.append(bytes(self.data))
            self.data.clear()

    def _name(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def _value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def _header(self) -> None:
        self.headers.setdefault(self.name.lower(), self.value)
        self.name = self.value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.data += data[start:end]

    def _end(self) -> None:
        self.flush()
        self.found.append(None)


def _part(headers: dict[bytes, bytes], parsed: AsyncIterator[dict[bytes, bytes] | bytes | None]) -> Part:
    """Build a part from its headers. Raises MalformedForm. RFC 7578 §4.2 forbids `filename*`, so it is ignored."""
    disposition, options = options_of(headers.get(b"content-disposition", b"").decode("latin-1"))
    name, filename = options.get("name"), options.get("filename")
    if disposition != "form-data" or name is None or len(name) > NAME_LIMIT:
        raise MalformedForm
    return Part(
        name=_decoded(name),
        filename=None if filename is None else _decoded(filename),
        media_type=headers.get(b"content-type", b"").decode("latin-1") or None,
        chunks=_data(parsed),
    )


def _decoded(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "replace")


async def _data(parsed: AsyncIterator[dict[bytes, bytes] | bytes | None]) -> AsyncIterator[bytes]:
    async for item in parsed:
        if not isinstance(item, bytes):
            return
        yield item


async def _parsed(
    request: Request, boundary: bytes, limit: int, too_large: type[DomainError]
) -> AsyncGenerator[dict[bytes, bytes] | bytes | None, None]:
    reading = _Reading()
    read = 0
    try:
        parser = reading.parser(boundary)
        async for chunk in request.stream():
            read += len(chunk)
            if read > limit:
                raise too_large
            for start in range(0, len(chunk), STEP):
                parser.write(chunk[start : start + STEP])
                reading.flush()
                while reading.found:
                    yield reading.found.popleft()
                if start:
                    await asyncio.sleep(0)  # a long chunk must not block the event loop
        parser.finalize()
    except FormParserError:
        raise MalformedForm from None
