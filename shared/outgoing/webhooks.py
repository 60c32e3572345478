"""The HTTP client of webhooks: one attempt to deliver, with a limit for its time and for the receiver's answer."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from shared.outgoing.addresses import AddressGuard, PinnedTransport, RefusedAddress, UnresolvedAddress


class AttemptError(StrEnum):
    """Why an attempt to deliver failed."""

    REFUSED = "refused"
    """The receiver answered with a status that is not 2xx."""
    REFUSED_ADDRESS = "refused-address"
    UNRESOLVED_ADDRESS = "unresolved-address"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    """The stored URL or secret cannot be opened."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of an attempt: the HTTP status of the receiver if it answered, and the error if the attempt failed."""

    status: int | None
    error: AttemptError | None

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own class of success


def webhook_client(guard: AddressGuard, timeout_seconds: float) -> httpx.AsyncClient:
    """Return the HTTP client of webhooks: it follows no redirect and stores no cookie."""
    headers = {"Content-Type": "application/json", "User-Agent": "Aryz-Webhooks/1"}
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # a receiver must not store anything in this process
    return httpx.AsyncClient(
        transport=PinnedTransport(guard), timeout=timeout_seconds, headers=headers, cookies=no_cookies, follow_redirects=False
    )


async def post_webhook(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: bytes, *, timeout_seconds: float, answer_bytes: int
) -> AttemptResult:
    """Post a message once. Raises nothing for a failed attempt: the result names the error."""
    try:
        async with asyncio.timeout(timeout_seconds), client.stream("POST", url, content=body, headers=dict(headers)) as answer:
            await _read_limited(answer, answer_bytes)
            return AttemptResult(answer.status_code, None if answer.is_success else AttemptError.REFUSED)
    except UnresolvedAddress:
        return AttemptResult(None, AttemptError.UNRESOLVED_ADDRESS)
    except RefusedAddress:
        return AttemptResult(None, AttemptError.REFUSED_ADDRESS)
    except (TimeoutError, httpx.TimeoutException):
        return AttemptResult(None, AttemptError.TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):  # UnicodeError: an invalid host name
        return AttemptResult(None, AttemptError.UNREACHABLE)


async def _read_limited(answer: httpx.Response, left: int) -> None:
    """Read the answer up to the limit; closing the connection drops the rest."""
    async with aclosing(answer.aiter_raw()) as chunks:  # type: ignore[type-var]  # it is a generator; httpx declares less
        async for chunk in chunks:
            left -= len(chunk)
            if left <= 0:
                return
