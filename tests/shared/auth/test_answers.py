"""What of the identity provider's answer is read."""

import asyncio
import gzip

import httpx
import pytest

from shared.auth import answers
from shared.auth.answers import ANSWER_BYTES, ask

URL = "https://id.example/token"
PART = b"x" * 4096


class Stream(httpx.AsyncByteStream):
    """An answer that goes on; it counts its parts, and stops after the first if it hangs."""

    def __init__(self, *, hangs=False):
        self.parts = 0
        self.is_closed = False
        self._hangs = hangs

    async def __aiter__(self):
        while True:
            if self._hangs and self.parts:
                await asyncio.Event().wait()
            self.parts += 1
            yield PART

    async def aclose(self):
        self.is_closed = True


def client(answer):
    return httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: answer))


class TestAsk:
    async def test_an_answer_is_returned_with_status_and_content(self):
        answer = await ask(client(httpx.Response(400, json={"error": "invalid_grant"})), "POST", URL, data={"a": "b"})
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
        with pytest.raises(httpx.HTTPStatusError):
            answer.raise_for_status()

    async def test_an_answer_without_end_is_read_to_the_limit(self):
        endless = Stream()
        with pytest.raises(httpx.ReadError, match="too long"):
            await ask(client(httpx.Response(200, stream=endless)), "GET", URL)
        assert endless.parts == ANSWER_BYTES // len(PART) + 1
        assert endless.is_closed

    async def test_an_answer_that_comes_in_parts_ends_in_time(self, monkeypatch):
        monkeypatch.setattr(answers, "ANSWER_SECONDS", 0.01)
        hanging = Stream(hangs=True)
        with pytest.raises(httpx.ReadTimeout):
            await ask(client(httpx.Response(200, stream=hanging)), "GET", URL)
        assert hanging.is_closed

    async def test_a_compressed_answer_is_not_asked_for_and_not_read(self):
        asked = []

        def answer(request):
            asked.append(request.headers["accept-encoding"])
            return httpx.Response(200, content=gzip.compress(b"{}"), headers={"content-encoding": "gzip"})

        with pytest.raises(httpx.DecodingError):
            await ask(httpx.AsyncClient(transport=httpx.MockTransport(answer)), "GET", URL)
        assert asked == ["identity"]
