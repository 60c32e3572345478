"""`multipart/form-data` as a stream: part after part, none of them ever whole in memory or in a file of its own."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from intake.attachments.policy import TooLarge
from shared.errors import DomainError, UnsupportedMediaType

FIELD_LIMIT: Final = 262_144  # bytes of one field that is no file: as of a JSON body
HEADERS_LIMIT: Final = 16
MEDIA_TYPE: Final = "multipart/form-data"


class MalformedForm(DomainError):
    code, status, title = "malformed-form", 400, "The body is not a valid form."


@dataclass(slots=True)
class Part:
    """A field or a file of a form. Read `chunks` before the next part is asked for; what is left of them is passed over."""

    name: str
    filename: str | None
    media_type: str | None
    chunks: AsyncIterator[bytes]

    async def text(self) -> str:
        """A field's value. Raises TooLarge, and MalformedForm for what is no UTF-8."""
        value = bytearray()
        async for chunk in self.chunks:
            value += chunk
            if len(value) > FIELD_LIMIT:
                raise TooLarge
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise MalformedForm from None


@dataclass(slots=True)
class _Reading:
    """What the parser has told and nobody has taken yet: headers of a part that begins, its data, None at its end."""

    told: deque[dict[bytes, bytes] | bytes | None] = field(default_factory=deque)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: bytes = b""
    value: bytes = b""

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self.headers.clear,
                "on_header_field": self._name,
                "on_header_value": self._value,
                "on_header_end": self._header,
                "on_headers_finished": lambda: self.told.append(dict(self.headers)),
                "on_part_data": lambda data, start, end: self.told.append(data[start:end]),
                "on_part_end": lambda: self.told.append(None),
            },
        )

    def _name(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def _value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def _header(self) -> None:
        if len(self.headers) >= HEADERS_LIMIT:
            raise MalformedForm
        self.headers[self.name.lower()] = self.value
        self.name = self.value = b""


async def parts_of(request: Request, *, limit: int) -> AsyncIterator[Part]:
    """The parts of a form of at most `limit` bytes, in order.

    Raises UnsupportedMediaType, MalformedForm and TooLarge, the last before anything is read where the length is announced.
    """
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if media_type != MEDIA_TYPE.encode() or not boundary:
        raise UnsupportedMediaType
    refuse_announced(request, limit)
    async with aclosing(_told(request, boundary, limit)) as told:
        async for each in told:
            if not isinstance(each, dict):
                continue  # of a part that was left unread
            disposition, options = parse_options_header(each.get(b"content-disposition", b""))
            if disposition != b"form-data" or b"name" not in options:
                raise MalformedForm
            filename = options.get(b"filename")
            yield Part(
                name=options[b"name"].decode("utf-8", "replace"),
                filename=None if filename is None else filename.decode("utf-8", "replace"),
                media_type=each.get(b"content-type", b"").decode("latin-1") or None,
                chunks=_data(told),
            )


def refuse_announced(request: Request, limit: int) -> None:
    """Raises TooLarge for a body that says itself that it is longer."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise TooLarge


async def _data(told: AsyncIterator[dict[bytes, bytes] | bytes | None]) -> AsyncIterator[bytes]:
    async for each in told:
        if not isinstance(each, bytes):
            return
        yield each


async def _told(request: Request, boundary: bytes, limit: int) -> AsyncGenerator[dict[bytes, bytes] | bytes | None, None]:
    reading = _Reading()
    read = 0
    try:
        parser = reading.parser(boundary)
        async for chunk in request.stream():
            read += len(chunk)
            if read > limit:
                raise TooLarge
            parser.write(chunk)
            while reading.told:
                yield reading.told.popleft()
        parser.finalize()
    except MultipartParseError:
        raise MalformedForm from None
