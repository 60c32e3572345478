"""Clients that send or read slowly, or never finish a header. The test is the clock: `sweep` passes the seconds."""

import asyncio

import pytest

from shared.connections import PIPELINED, Phase
from tests.patience import PATIENCE, until
from tests.security.connection_server import CHUNKED, GET, HALF, Desk, closed_count


@pytest.fixture
async def desk():
    return Desk()


class TestHeaders:
    async def test_a_half_sent_header_ends_with_408_in_the_time_for_headers(self, desk, connect):
        before = closed_count(Phase.HEADERS)
        clients = [await connect(HALF) for _ in range(20)]
        await desk.pass_seconds(9)
        assert [await each.is_open() for each in clients] == [True] * 20
        await desk.pass_seconds(2)
        for each in clients:
            answer = await each.everything()
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b'"code":"request-timeout"' in answer
        assert closed_count(Phase.HEADERS) == before + 20
        assert desk.calls == 0

    async def test_a_drop_now_and_then_buys_no_time(self, desk, connect):
        client = await connect(HALF)
        for _ in range(12):
            await client.send(b"a")
            await desk.pass_seconds(1)
        assert b" 408 " in await client.everything()

    async def test_a_client_that_sends_nothing_is_closed_without_an_answer(self, desk, connect):
        client = await connect()
        await desk.pass_seconds(12)
        assert await client.everything() == b""

    async def test_line_ends_between_requests_hold_no_connection(self, desk, connect):
        client = await connect(GET)
        await client.answer()
        for _ in range(12):
            await client.send(b"\r\n")
            await desk.pass_seconds(1)
        assert await client.everything() == b""

    async def test_an_unfinished_header_is_given_up_at_its_limit(self, desk, connect):
        client = await connect(HALF)
        sent = 0
        with pytest.raises(ConnectionError):
            while sent < 64_000_000:
                await client.send(b"a" * 65_536)
                sent += 65_536
                await asyncio.sleep(0)
        assert sent < 16_000_000  # what the kernel's buffers took
        assert desk.calls == 0

    @pytest.mark.parametrize("unfinished", [b"GET /" + b"a" * 17_000, HALF + b"a" * 17_000, b"X" * 17_000, b"\r\n" * 9_000])
    async def test_whatever_of_a_header_is_unfinished_counts(self, connect, unfinished):
        client = await connect(unfinished)
        assert (await client.everything())[9:12] in {b"431", b"400", b""}

    async def test_the_answer_is_a_problem(self, connect):
        client = await connect(HALF + b"a" * 17_000)
        answer = await client.everything()
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert b'"code":"headers-too-large"' in answer

    async def test_a_header_behind_a_long_answer_is_bounded_too(self, desk, connect):
        client = await connect(b"GET /wait HTTP/1.1\r\nHost: desk\r\n\r\n")
        await desk.settle()
        before = closed_count("header-bytes")
        with pytest.raises(ConnectionError):
            for _ in range(1_000):
                await client.send(HALF + b"a" * 65_536)
                await asyncio.sleep(0)
        assert closed_count("header-bytes") == before + 1

    async def test_requests_in_small_pieces_are_answered(self, desk, connect):
        client = await connect()
        for _ in range(3):
            for byte in GET:
                await client.send(bytes([byte]))
                await asyncio.sleep(0)
            await client.answer()
        assert desk.calls == 3

    async def test_a_large_body_does_not_count_as_header(self, desk, connect):
        client = await connect(b"POST / HTTP/1.1\r\nHost: desk\r\nContent-Length: 1000000\r\n\r\n")
        await client.send(b"a" * 1_000_000 + GET)
        await client.answer()
        await client.answer()
        assert list(map(len, desk.bodies)) == [1_000_000, 0]

    @pytest.mark.parametrize(
        "unfinished", [b"0\r\nX: ", b"0\r\n" + b"X: y\r\n" * 100, b"5;"], ids=["trailer", "trailers", "chunk extension"]
    )
    async def test_what_is_no_data_of_a_body_is_bounded_like_a_header(self, desk, connect, unfinished):
        client = await connect(CHUNKED + unfinished)
        before = closed_count("header-bytes")
        with pytest.raises(ConnectionError):
            for _ in range(1_000):
                await client.send(b"a" * 8_192)
                await asyncio.sleep(0.001)
        assert closed_count("header-bytes") == before + 1
        assert desk.bodies == []

    async def test_a_trailer_does_not_become_a_header_field(self, desk, connect):
        client = await connect(CHUNKED)
        await client.send(b"0\r\nAppeal-Pin: 1\r\n\r\n" + GET)
        await client.answer()
        await client.answer()
        assert desk.headers == [[b"host", b"transfer-encoding"], [b"host"]]

    async def test_few_requests_may_be_sent_ahead(self, desk, connect):
        client = await connect(GET * 5)
        for _ in range(5):
            await client.answer()
        before = closed_count("pipelined")
        flooding = await connect(b"GET /wait HTTP/1.1\r\nHost: desk\r\n\r\n" + GET * 10_000)
        await flooding.everything()
        assert closed_count("pipelined") == before + 1
        assert desk.calls <= 5 + PIPELINED


POST = b"POST / HTTP/1.1\r\nHost: desk\r\nContent-Length: 100000\r\n\r\n"


class TestBodies:
    async def test_a_stalled_body_ends_with_408_and_the_application_is_notified(self, desk, connect):
        client = await connect(POST + b"a")
        await desk.pass_seconds(19)
        assert await client.is_open()
        await desk.pass_seconds(3)
        assert b" 408 " in await client.everything()
        await asyncio.wait_for(desk.disconnected.wait(), PATIENCE)

    async def test_a_slow_honest_upload_arrives(self, desk, connect):
        client = await connect(POST)
        for _ in range(100):  # a kilobyte a second: 100 s, far beyond the grace
            await client.send(b"a" * 1_000)
            await asyncio.sleep(0)
            await desk.pass_seconds(1)
        await client.answer()
        assert list(map(len, desk.bodies)) == [100_000]

    async def test_a_drop_a_second_is_not_a_rate(self, desk, connect):
        client = await connect(POST)
        with pytest.raises(ConnectionError):
            for _ in range(30):
                await client.send(b"a")
                await desk.pass_seconds(1)
        assert desk.disconnected.is_set()

    async def test_a_client_is_not_blamed_for_a_server_that_does_not_read(self, desk, connect):
        client = await connect(b"POST /wait HTTP/1.1\r\nHost: desk\r\nContent-Length: 400000\r\n\r\n" + b"a" * 200_000)
        await until(lambda: [each.flow.read_paused for each in desk.connections._open] == [True])
        await desk.pass_seconds(60)
        assert await client.is_open()
        desk.release.set()
        await client.send(b"a" * 200_000)
        await client.answer()

    async def test_a_body_that_nobody_wants_any_more_is_not_received_for_ever(self, desk, connect):
        client = await connect(b"POST /refuse HTTP/1.1\r\nHost: desk\r\nContent-Length: 9999999999\r\n\r\n")
        await client.answer()
        with pytest.raises(ConnectionError):
            for _ in range(20):
                await client.send(b"a" * 10_000)
                await desk.pass_seconds(1)
                await asyncio.sleep(0)


class TestAnswers:
    async def test_who_does_not_read_is_cut_off(self, desk, connect):
        client = await connect(b"GET /large HTTP/1.1\r\nHost: desk\r\n\r\n")
        client.writer.transport.pause_reading()
        await until(lambda: [each.flow.write_paused for each in desk.connections._open] == [True])
        await desk.pass_seconds(19)
        assert len(desk.connections._open) == 1
        await desk.pass_seconds(3)
        assert len(desk.connections._open) == 0

    async def test_who_reads_slowly_gets_everything(self, desk, connect):
        client = await connect(b"GET /large HTTP/1.1\r\nHost: desk\r\n\r\n")
        received = bytearray()
        while not received.endswith(b"\r\n0\r\n\r\n"):
            received += await client.reader.read(100_000)
            await desk.pass_seconds(1)
        assert len(received) > 8_000_000

    async def test_a_stream_may_be_silent_as_long_as_it_likes(self, desk, connect):
        client = await connect(b"GET /stream HTTP/1.1\r\nHost: desk\r\n\r\n")
        await client.reader.readuntil(b"first\r\n")
        await desk.pass_seconds(3_600, step=60)
        desk.release.set()
        await client.answer()

    async def test_a_slow_answer_is_waited_for(self, desk, connect):
        client = await connect(b"GET /wait HTTP/1.1\r\nHost: desk\r\n\r\n")
        await desk.pass_seconds(600, step=10)
        desk.release.set()
        await client.answer()


class TestLog:
    async def test_a_line_a_second_says_how_many_and_never_who(self, connect, desk, monkeypatch):
        lines = []
        monkeypatch.setattr("shared.connections.log.warning", lambda event, **given: lines.append((event, given)))
        for _ in range(3):
            await connect(HALF)
        await desk.pass_seconds(30)
        assert lines == [("connections closed", {"headers": 3})]
