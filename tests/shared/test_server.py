import asyncio
import os
import signal
import socket

import httpx
import pytest

from shared import server


@pytest.fixture
def deadlines(monkeypatch):
    """How long each end was given; nothing is ended here by force."""
    given = []
    monkeypatch.setattr(server, "_end_within", given.append)
    return given


async def _answer(scope, receive, send):
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})


class TestListen:
    def test_a_port_that_is_taken_is_a_sentence(self):
        with server.listen("127.0.0.1", 0) as first, pytest.raises(server.PortBusy, match="cannot be used"):
            server.listen("127.0.0.1", first.getsockname()[1])

    def test_zero_is_any_free_one(self):
        with server.listen("127.0.0.1", 0) as listening:
            assert listening.getsockname()[1] > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
class TestRun:
    def test_a_signal_ends_the_work_which_lets_go_in_order(self, deadlines, number):
        said = []

        async def work():
            try:
                os.kill(os.getpid(), number)
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                said.append("let go")

        server.run(work())
        assert said == ["let go"]
        assert deadlines == [server.STOP_SECONDS]

    def test_a_second_signal_does_not_disturb_the_end(self, deadlines, number):
        said = []

        async def work():
            try:
                os.kill(os.getpid(), number)
                await asyncio.Event().wait()
            finally:
                os.kill(os.getpid(), number)
                await asyncio.sleep(0.05)
                said.append("let go")

        server.run(work())
        assert said == ["let go"]
        assert len(deadlines) == 1

    def test_serving_ends_with_a_signal_after_the_answer_under_way(self, deadlines, number):
        answers = []

        async def slow(scope, receive, send):
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.2)
            await _answer(scope, receive, send)

        async def ask(listening: socket.socket):
            async with httpx.AsyncClient(trust_env=False) as http:
                answers.append(await http.get(f"http://127.0.0.1:{listening.getsockname()[1]}/"))

        async def work():
            with server.listen("127.0.0.1", 0) as listening:
                asking = asyncio.create_task(ask(listening))
                await server.serve(slow, listening)
                await asking

        server.run(work())
        assert [answer.text for answer in answers] == ["here"]
        assert deadlines == [server.STOP_SECONDS]

    def test_the_error_that_ends_the_work_is_raised(self, deadlines, number):
        async def work():
            raise ValueError(f"fell, and no {number.name} came")

        with pytest.raises(ValueError, match="fell"):
            server.run(work())
        assert deadlines == []
