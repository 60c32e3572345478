"""Requests to the identity provider, whose answers are read up to a limit of bytes and of time."""

import asyncio
from contextlib import aclosing
from typing import Any, Final

import httpx

ANSWER_SECONDS: Final = 5.0  # for the whole answer: the client's own time-out counts from one part of it to the next
ANSWER_BYTES: Final = 262_144  # tokens of a person have 10 kB, the keys of a large provider 60 kB


async def ask(client: httpx.AsyncClient, method: str, url: str, **given: Any) -> httpx.Response:
    """Send a request and return its answer, read. Raises httpx.HTTPError, also for an answer that is too long, late or compressed."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS), client.stream(method, url, headers={"Accept-Encoding": "identity"}, **given) as answer:
            if "content-encoding" in answer.headers:  # a few bytes could become a great many
                raise httpx.DecodingError("the answer is compressed", request=answer.request)
            return httpx.Response(answer.status_code, content=await _content(answer), request=answer.request)
    except TimeoutError:
        raise httpx.ReadTimeout(f"no whole answer in {ANSWER_SECONDS:.0f} s") from None


async def _content(answer: httpx.Response) -> bytes:
    content = bytearray()
    async with aclosing(answer.aiter_bytes()) as parts:  # type: ignore[type-var]  # it is a generator; httpx declares less
        async for part in parts:
            content += part
            if len(content) > ANSWER_BYTES:
                raise httpx.ReadError("the answer is too long", request=answer.request)
    return bytes(content)
