"""HTTP errors: RFC 9457 `application/problem+json` with a stable `code`. No error repeats what the client sent.

The expected outcomes of a service are subclasses of `DomainError`. `install_error_handlers` converts them and every other failure
into problem documents, or into a page in the reader's language for a browser.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from traceback import extract_tb
from typing import Any, ClassVar, Final, Self, TypeAlias

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.database_errors import CommitUnknown, will_pass
from shared.field_errors import DETAILS, FieldError, field_errors
from shared.request_limits import HEADER_LIMIT, bare, refusal_of

__all__ = [
    "Conflict",
    "DomainError",
    "FieldError",
    "Forbidden",
    "HeadersTooLarge",
    "InvalidInput",
    "MalformedJson",
    "MalformedText",
    "NotFound",
    "OutcomeUnknown",
    "PayloadTooLarge",
    "Problem",
    "RequestTimeout",
    "TooMany",
    "TooManyConnections",
    "Unauthorized",
    "Unavailable",
    "UnsupportedMediaType",
    "UriTooLong",
    "error_response",
    "install_error_handlers",
    "problem_response",
    "responses",
]

Responses: TypeAlias = dict[int | str, dict[str, Any]]
"""FastAPI's type of `responses=`."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PROBLEM_JSON = "application/problem+json"
log = structlog.get_logger("errors")


class DomainError(Exception):
    """An expected outcome that a client can act on. Every class has a stable `code`, an HTTP `status` and a `title`.

    `detail` adds a sentence, `extra` adds members to the problem (`current_version`, `next_actions`) and `headers` adds headers
    to the response. None of them may repeat what the client sent.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request cannot be carried out."
    example_members: ClassVar[Mapping[str, JsonValue]] = {}
    """An example of each further member that its problems have, for the OpenAPI document and the catalogue of errors."""
    example_errors: ClassVar[tuple[FieldError, ...]] = ()
    """An example of the errors of fields that its problems have."""
    keeps_changes: ClassVar[bool] = False
    """Whether the boundary commits what was changed before this refusal, such as the count of a wrong code."""

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, JsonValue] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(self.code)
        self.detail = detail
        self.errors = tuple(errors)
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


class NotFound(DomainError):
    code, status, title = "not-found", 404, "Nothing is found under this address."


class Conflict(DomainError):
    code, status, title = "conflict", 409, "The state has changed meanwhile."


class Unauthorized(DomainError):
    """The request has no valid token. `shared.auth` adds the subclass for `invalid-token`."""

    code, status, title = "unauthorized", 401, "A valid bearer token is required."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(DomainError):
    code, status, title = "forbidden", 403, "Your role does not allow this."


class HostNotAllowed(DomainError):
    code, status, title = "host-not-allowed", 421, "This host is not served here."

    def __init__(self) -> None:
        super().__init__("Ask under a name of this installation. Whoever runs it adds names by ARYZ_ALLOWED_HOSTS.")


class TooMany(DomainError):
    code, status, title = "too-many-requests", 429, "Too many attempts. Try again later."

    def __init__(self, retry_after: int, detail: str | None = None) -> None:
        """`retry_after`: whole seconds until the next attempt can succeed."""
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Unavailable(DomainError):
    code, status, title = "unavailable", 503, "The service is not available for the moment."

    def __init__(self, detail: str | None = None, *, retry_after: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class OutcomeUnknown(Unavailable):
    """The reply to a COMMIT was lost. Nothing may repeat the operation automatically, because it may already be done."""

    code, title = "outcome-unknown", "Whether this was carried out is not known."

    def __init__(self) -> None:
        super().__init__("Send it again under the same Idempotency-Key; without one, look first whether it was kept.", retry_after=1)


class TooManyConnections(Unavailable):
    code, title = "too-many-connections", "Too many connections are open. Close some, or try again later."


class RequestTimeout(DomainError):
    code, status, title = "request-timeout", 408, "The request was not sent in time."


class PayloadTooLarge(DomainError):
    code, status, title = "payload-too-large", 413, "The body is larger than allowed."


class UnsupportedMediaType(DomainError):
    code, status, title = "unsupported-media-type", 415, "This content type is not accepted here."


class UriTooLong(DomainError):
    code, status, title = "uri-too-long", 414, "The address with its query is longer than allowed."


class HeadersTooLarge(DomainError):
    """The header fields together are longer than `ARYZ_HEADER_BYTES`. Cookies of other applications on the host count as well."""

    code, status, title = "headers-too-large", 431, "The header fields are longer than allowed."


class MalformedJson(DomainError):
    code, status, title = "malformed-json", 400, "The body is not valid JSON."


class MalformedText(DomainError):
    """The text contains bytes that are not UTF-8, a lone surrogate or a NUL character."""

    code, status, title = "malformed-text", 400, "The text is not valid Unicode."


class InvalidInput(DomainError):
    """One or more fields are invalid. The errors name each field by its dotted path (`applicant.iin`)."""

    code, status, title = "invalid-input", 422, "Some fields are not valid."
    example_errors = (FieldError("region", "unknown-code", DETAILS["unknown-code"]),)

    def __init__(self, errors: Sequence[FieldError], detail: str | None = None) -> None:
        super().__init__(detail, errors=errors)

    @classmethod
    def field(cls, field: str, code: str, detail: str) -> Self:
        """Return the error of a single field."""
        return cls([FieldError(field, code, detail)])

    @classmethod
    def of(cls, error: ValidationError | RequestValidationError) -> DomainError:
        """Convert a validation error of pydantic. Broken JSON and broken Unicode are 400 and take precedence over field errors."""
        errors = field_errors(error)
        if any(each.code == MalformedJson.code for each in errors):
            return MalformedJson()
        if broken := [each for each in errors if each.code == MalformedText.code]:
            return MalformedText(errors=broken)
        return cls(errors)


class ProblemField(BaseModel):
    field: str
    code: str
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable; a problem may have further members."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[ProblemField] = []


def problem_response(error: DomainError) -> Response:
    """Return the problem document of an error with its headers."""
    body = error.extra | _problem(error, error.detail or error.title, error.errors)
    return Response(to_json(body), error.status, {"Cache-Control": "no-store", **error.headers}, PROBLEM_JSON)


def _problem(error: DomainError | type[DomainError], detail: str, errors: Sequence[FieldError]) -> dict[str, JsonValue]:
    return {
        "type": f"urn:aryz:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": detail,
        "errors": [asdict(each) for each in errors],
    }


def responses(*errors: type[DomainError]) -> Responses:
    """Return FastAPI's `responses=` for a route that may raise these errors, with an example of each.

    `shared.openapi.document` adds the schema that they refer to.
    """
    by_status: Responses = {}
    for error in errors:
        content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}}
        entry = by_status.setdefault(error.status, {"description": "", "content": content})
        entry["description"] = "; ".join(filter(None, [entry["description"], f"`{error.code}`: {error.title}"]))
        example = {"summary": error.title, "value": {**error.example_members, **_problem(error, error.title, error.example_errors)}}
        entry["content"][PROBLEM_JSON]["examples"][error.code] = example
    return by_status


def install_error_handlers(app: FastAPI, *, header_limit: int = HEADER_LIMIT) -> None:
    """Convert every failure of `app` into a problem document, or into a page for a browser.

    Requests with more than `header_limit` bytes of header fields are refused, and so are those that `shared.request_limits`
    refuses.
    """
    for kind in (DomainError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, error_response)
    app.add_middleware(_LastResort, header_limit=header_limit)


class InternalError(DomainError):
    code, status, title = "internal-error", 500, "Something went wrong on our side."


async def error_response(request: Request, error: Exception) -> Response:
    """Return the response of a failure: a problem document, or a page for a browser."""
    answer = _as_domain_error(error)
    if "Allow" in answer.headers and (allowed := _allowed(request)):  # a mount returns its own Allow header
        answer.headers["Allow"] = allowed
    return await _respond(request, answer)


def _allowed(request: Request) -> str:
    """Return every method of the address (RFC 9110 §15.5.6). The router names only those of the first matching route."""
    app: FastAPI = request.app
    return ", ".join(
        method for method in METHODS if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.routes)
    )


def _as_domain_error(error: Exception) -> DomainError:
    if isinstance(error, DomainError):
        return error
    if isinstance(error, RequestValidationError):
        return InvalidInput.of(error)
    if isinstance(error, HTTPException):
        return _http_error(error.status_code, error.headers)
    return InternalError()


def _http_error(status: int, headers: Mapping[str, str] | None) -> DomainError:
    """Return the error for a status that Starlette raised itself (404, 405 …)."""
    for kind in (NotFound, Unauthorized, Forbidden, PayloadTooLarge, UnsupportedMediaType):
        if kind.status == status:
            return kind()
    phrase = HTTPStatus(status).phrase
    members = {"code": phrase.lower().replace(" ", "-"), "status": status, "title": f"{phrase}."}
    error: DomainError = type("HttpError", (DomainError,), members)(headers=headers)
    return error


async def _respond(request: Request, error: DomainError) -> Response:
    if not _is_page(request):
        return problem_response(error)
    from shared.web.errors import html_error_response  # noqa: PLC0415 - a worker without pages need not load templates
    from shared.web.viewer import show_viewer_of_session  # noqa: PLC0415

    await show_viewer_of_session(request)
    return html_error_response(request, error.status, error.code, error.headers)


def _is_page(request: Request) -> bool:
    path = request.scope["path"] + "/"
    if "/v1/" in path or "/internal/" in path:
        return False
    accepted = request.headers.get("accept", "")
    html, json = accepted.find("text/html"), accepted.find("json")
    return html >= 0 and (json < 0 or html < json)


_REFUSED: Final = {kind.status: kind for kind in (MalformedText, NotFound, UriTooLong, HeadersTooLarge)}
"""The error classes by the statuses of `refusal_of`."""


class _LastResort:
    """The outermost error handler: answers 500 without the cause, and logs the exception by type and place only.

    Starlette's own handler answers and raises again. The server would then log the exception's text, which may hold personal
    data.
    """

    def __init__(self, app: ASGIApp, header_limit: int) -> None:
        self.app = app
        self.header_limit = header_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if refused := refusal_of(scope, self.header_limit):
            await (await _respond(Request(bare(scope)), _REFUSED[refused]()))(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except ClientDisconnect:
            return  # the client has disconnected
        except Exception as error:  # noqa: BLE001 - the last resort is for the unforeseen
            answer = _last_answer(error)
            log.error("unexpected-error", code=answer.code, error=type(error).__name__, where=where(error))  # noqa: TRY400 - its text may hold content
            if started:
                raise ConnectionAbortedError("the response broke off") from None  # or the server ends it as complete
            await (await _respond(Request(scope), answer))(scope, receive, send)


def _last_answer(error: Exception) -> DomainError:
    if isinstance(error, CommitUnknown):
        return OutcomeUnknown()
    return Unavailable() if will_pass(error) else InternalError()


def where(error: BaseException) -> str:
    """Return the last frames of an exception as `file.py:line name`, joined by ` < `, without values or message."""
    frames = reversed(extract_tb(error.__traceback__)[-4:])
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
