"""Building blocks of the HTTP APIs: strict request bodies, text types, and lists with cursors."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Generic, NoReturn, TypeAlias, TypeVar
from uuid import UUID

import httpx
from annotated_types import GroupedMetadata
from fastapi import Depends, Query, Request, params
from fastapi.dependencies.utils import get_flat_params
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError, to_json

from shared.domain.identifiers import digits_as_typed
from shared.domain.text import clean, shows_something
from shared.errors import FieldError, InvalidInput, MalformedJson, MalformedText, PayloadTooLarge, UnsupportedMediaType
from shared.field_errors import DETAILS, ERRORS_LIMIT, dotted
from shared.header_fields import field_of, media_type_of

T = TypeVar("T")
RowT = TypeVar("RowT")
ModelT = TypeVar("ModelT", bound=BaseModel)

BODY_LIMIT = 262_144  # bytes: 20 000 characters of Kazakh escaped as \uXXXX are 120 000, plus the rest of an appeal
CLIENT_LIMITS = httpx.Limits(keepalive_expiry=2)  # uvicorn closes idle connections after 5 s: a request sent at that moment would be lost
FEW_VALUES = 8_192  # bytes: a shorter body cannot have many values
VALUES_LIMIT = 5_000  # values of a JSON body; the longest list of the API has 500 ids
CURSOR_LIMIT = 1_024
INT64 = 2**63


class StrictModel(BaseModel):
    """A request model that refuses unknown fields, NaN and infinities and converts no types."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class QueryModel(StrictModel):
    """A model of query parameters, built when it is defined.

    FastAPI builds each field alone with the model's configuration. Pydantic would warn of their aliases if they were built later.
    """

    model_config = ConfigDict(defer_build=False)


@dataclass(frozen=True)
class Text(GroupedMetadata):
    """A text field: `Annotated[str, Text(200)]`. The value is cleaned (`shared.domain.text`) and must not be empty.

    `limit`: characters as sent. Invalid Unicode and NUL are `malformed-text`. With `as_sent` the same checks apply and the value
    stays as sent, because responses contain positions in it.
    """

    limit: int
    as_sent: bool = False

    def __iter__(self) -> Iterator[object]:
        yield StringConstraints(strip_whitespace=not self.as_sent, min_length=1, max_length=self.limit)
        yield AfterValidator(_readable_as_sent if self.as_sent else _readable)


ShortText = Annotated[str, Text(200)]
Text20k = Annotated[str, Text(20_000)]


def _readable(text: str) -> str:
    is_printable = text.isprintable()  # then it contains neither NUL nor a surrogate
    if is_printable and text.isascii() and not text.isspace():
        return text.strip()  # mostly a code or a number: 0.1 µs instead of 2
    if not is_printable and _is_broken(text):
        raise PydanticCustomError("malformed_text", "The text is not valid Unicode or holds a NUL character.")
    cleaned = clean(text)
    if not shows_something(cleaned):
        raise PydanticCustomError("string_too_short", "At least 1 characters are needed.")
    return cleaned


def _readable_as_sent(text: str) -> str:
    _readable(text)
    return text


def code_text(given: object) -> object:
    """Return the digits of a code, however it was pasted. Other values are returned unchanged, for the following rules to refuse."""
    return digits_as_typed(given) or given if isinstance(given, str) else given


def _is_broken(text: str) -> bool:
    if "\0" in text:
        return True
    try:
        text.encode()  # fails only on a lone surrogate; checking every character took a hundred times as long
    except UnicodeEncodeError:
        return True
    return False


def body(model: type[ModelT], *, limit: int = BODY_LIMIT) -> Any:
    """Return a dependency that reads the JSON body strictly as `model`, for use as `Annotated[AppealIn, ...]` with this call inside.

    At most `limit` bytes are read. Raises PayloadTooLarge (413), UnsupportedMediaType (415), MalformedJson and MalformedText
    (400) and InvalidInput (422), none of which repeats what was sent. `shared.openapi.document` adds the model to the OpenAPI document.
    """

    async def read(request: Request) -> ModelT:
        return parse(model, await read_body(request, limit=limit))

    read.body_model = model  # type: ignore[attr-defined]  # how `document` finds it
    return Depends(read)


async def read_body(request: Request, *, limit: int = BODY_LIMIT, media_type: str = "application/json") -> bytes:
    """Return the raw body of at most `limit` bytes.

    Raises PayloadTooLarge, before reading if the length is announced, and UnsupportedMediaType.
    """
    sent = media_type_of(request)
    if sent != media_type and not (media_type == "application/json" and sent.startswith("application/") and sent.endswith("+json")):
        raise UnsupportedMediaType
    announced = field_of(request.scope, b"content-length") or ""
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise PayloadTooLarge
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > limit:
            raise PayloadTooLarge
    return bytes(raw)


def parse(model: type[ModelT], raw: bytes) -> ModelT:
    """Parse `raw` strictly as a model. Raises MalformedJson, MalformedText, InvalidInput, and PayloadTooLarge for too many values."""
    if len(raw) > FEW_VALUES and _values_in(raw) > VALUES_LIMIT:
        raise PayloadTooLarge(f"The body has more than {VALUES_LIMIT} values.")
    # Escapes that may be NUL, and constants that pydantic accepts though they are not JSON, are rare enough for a second check.
    if b"\\u0000" in raw or b"NaN" in raw or b"Infinity" in raw:
        _refuse_malformed(raw)
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        if (
            error.error_count() == 1
            and error.errors(include_url=False, include_input=False, include_context=False)[0]["type"] == "json_invalid"
        ):
            _refuse_malformed(raw)
            raise MalformedJson from None
        raise InvalidInput.of(error) from None


def _values_in(raw: bytes) -> int:
    """Count the commas outside of strings in a JSON body, a lower bound of its values. Linear: each step is one pass over the bytes."""
    return b"".join(raw.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]).count(b",")


def _refuse_malformed(raw: bytes) -> None:
    """Raise the error that describes a body that is not JSON in valid Unicode, naming the affected fields if possible."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise MalformedText from None
    try:
        document = json.loads(text, parse_constant=_no_constant)
        broken = [dotted(path) for path in islice(_broken_texts(document, ()), ERRORS_LIMIT)]
    except (ValueError, RecursionError):
        raise MalformedJson from None
    if broken:
        raise MalformedText(errors=[FieldError(field, MalformedText.code, DETAILS[MalformedText.code]) for field in broken])


def _no_constant(_name: str) -> NoReturn:
    raise MalformedJson


def _broken_texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str):
        if _is_broken(value):
            yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            if _is_broken(key):
                yield path
            yield from _broken_texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _broken_texts(inner, (*path, index))


Limit = Annotated[int, Query(ge=1, le=200, description="Entries on a page.")]
CursorText = Annotated[str | None, Query(alias="cursor", description="`next_cursor` of the page before; opaque.")]
DEFAULT_LIMIT = 50


async def _known_query(request: Request) -> None:
    known = {
        field.alias
        for field in get_flat_params(request.scope["route"].dependant)
        if not isinstance(field.field_info, (params.Path, params.Header, params.Cookie))
    }
    unknown = sorted(set(request.query_params) - known)[:ERRORS_LIMIT]
    if unknown:
        raise InvalidInput([FieldError(dotted([name]), "unknown-field", DETAILS["unknown-field"]) for name in unknown])


KnownQuery = Annotated[None, Depends(_known_query)]
"""Dependency of every GET of an API: an unknown query parameter is 422 `unknown-field`. The principal is checked first: 401 comes first."""


class ListResponse(BaseModel, Generic[T]):
    """A page of a list. `total` counts all entries under the same predicate."""

    items: list[T]
    total: int
    next_cursor: str | None = None


class Cursor:
    """A position in a list, opaque to clients: the sort values of the last entry returned.

    It travels in URLs, so it has no personal data.
    """

    @staticmethod
    def encode(*values: str | int | datetime | UUID) -> str:
        return base64.urlsafe_b64encode(to_json(list(values))).rstrip(b"=").decode()

    @staticmethod
    def decode(text: str, *types: type[str] | type[int] | type[datetime] | type[UUID]) -> tuple[Any, ...]:
        """Return the values in `text`, of exactly these types, times in UTC.

        Raises InvalidInput `bad-cursor` for any text that `encode` did not create.
        """
        try:
            raw = base64.b64decode(text[:CURSOR_LIMIT] + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            values = json.loads(raw)
            if isinstance(values, list) and len(values) == len(types):
                return tuple(map(_as_given, values, types))
        except (binascii.Error, ValueError, OverflowError, RecursionError):
            pass
        raise InvalidInput.field("cursor", "bad-cursor", "The cursor is not one of this list.")


CursorKey: TypeAlias = str | int | datetime | UUID


def keyset_page(
    rows: Sequence[RowT], limit: int, total: int, *, item: Callable[[RowT], T], key: Callable[[RowT], CursorKey | tuple[CursorKey, ...]]
) -> ListResponse[T]:
    """Return a page of a list from up to `limit + 1` of its rows; the extra row shows that there is a next page.

    `key` gives the value or values that the list is sorted by: the cursor of the next page is the key of the last row shown.
    """
    shown, next_cursor = rows[:limit], None
    if len(rows) > limit:
        found = key(shown[-1])
        next_cursor = Cursor.encode(*found) if isinstance(found, tuple) else Cursor.encode(found)
    return ListResponse(items=[item(row) for row in shown], total=total, next_cursor=next_cursor)


def page_of(whole: Sequence[T], limit: int, cursor: str | None) -> tuple[Sequence[T], str | None]:
    """Return the page of a complete list after `cursor`, and the cursor of the next page. Raises InvalidInput `bad-cursor`."""
    start: int = Cursor.decode(cursor, int)[0] if cursor is not None else 0
    if start < 0:
        raise InvalidInput.field("cursor", "bad-cursor", "The cursor is not one of this list.")
    end = start + limit
    return whole[start:end], Cursor.encode(end) if end < len(whole) else None


def _as_given(value: object, kind: type) -> object:
    """Convert a value back to what `Cursor.encode` received. Raises ValueError, and OverflowError for a time outside the range of UTC."""
    if isinstance(value, str) and kind is not int and not _is_broken(value):
        if kind is UUID:
            return UUID(value)
        if kind is not datetime:
            return value
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    elif type(value) is int and kind is int and -INT64 <= value < INT64:
        return value
    raise ValueError
