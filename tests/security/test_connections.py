"""Clients that open many connections, send or read slowly, or never finish a header. The test is the clock: `sweep` passes the seconds."""

import asyncio
import re
import resource
import select
import socket
import subprocess
import sys
from contextlib import ExitStack, asynccontextmanager, contextmanager
from ipaddress import ip_network

import pytest
from uvicorn.server import ServerState

from shared.connections import PIPELINED, BoundedProtocol, ConnectionLimits, Connections, Phase, ServerConfig, _source
from shared.telemetry import connection_metrics
from tests.patience import PATIENCE, wait_until

LIMITS = ConnectionLimits(header_seconds=10, header_bytes=16_384, grace_seconds=20, bytes_per_second=1_000)
GET = b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: desk\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"
HALF = b"GET / HTTP/1.1\r\nHost: desk\r\nX-Slow: a"


class Desk:
    """A server over `application` whose clock only moves when the test says so."""

    def __init__(self, limits=LIMITS, descriptors=20_000):
        self.connections = Connections(limits, descriptors)
        self.bodies = []
        self.headers = []
        self.release = asyncio.Event()
        self.disconnected = asyncio.Event()
        self.calls = 0

    async def application(self, scope, receive, send):
        self.calls += 1
        if scope["path"] == "/wait":
            await self.release.wait()
        if scope["path"] != "/refuse":
            body = bytearray()
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.disconnected.set()
                    return
                body += message["body"]
                if not message["more_body"]:
                    break
            self.bodies.append(bytes(body))
            self.headers.append([name for name, _ in scope["headers"]])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream":
            await send({"type": "http.response.body", "body": b"first", "more_body": True})
            await self.release.wait()
        await send({"type": "http.response.body", "body": b"x" * 8_000_000 if scope["path"] == "/large" else b"here"})

    async def pass_seconds(self, seconds, *, step=1.0):
        """Let the clock run; what the loop has to do is done in between."""
        for _ in range(round(seconds / step)):
            await self.settle()
            self.connections.sweep(step)
        await self.settle()

    async def settle(self):
        for _ in range(5):
            await asyncio.sleep(0)


@asynccontextmanager
async def _served(desk, host="127.0.0.1"):
    config = ServerConfig(desk.application, desk.connections, lifespan="off", log_config=None, ws="none", interface="asgi3")
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: BoundedProtocol(config, state, {}, loop), host, 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        desk.release.set()
        listening.close()
        for each in list(state.connections):
            each.transport.abort()
        await desk.settle()


@pytest.fixture
async def desk():
    return Desk()


@pytest.fixture
async def port(desk):
    async with _served(desk) as port:
        yield port


class Client:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def everything(self):
        """All that still comes, until the server closes."""
        try:
            return await asyncio.wait_for(self.reader.read(), PATIENCE)
        except ConnectionResetError:
            return b""

    async def answer(self):
        return await asyncio.wait_for(self.reader.readuntil(b"here\r\n0\r\n\r\n"), PATIENCE)

    async def is_open(self):
        await asyncio.sleep(0.01)
        return not self.reader.at_eof()


@pytest.fixture
async def connect(port):
    opened = []

    async def make(data=b"", address=None):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0) if address else None)
        client = Client(reader, writer)
        opened.append(client)
        if data:
            await client.send(data)
        await asyncio.sleep(0.01)
        return client

    yield make
    for client in opened:
        client.writer.transport.abort()
    await asyncio.sleep(0)


def _refused(reason):
    return connection_metrics.refused.labels(reason)._value.get()


def _closed(reason):
    return connection_metrics.closed.labels(reason)._value.get()


class TestHeaders:
    async def test_a_half_sent_header_ends_with_408_in_the_time_for_headers(self, desk, connect):
        before = _closed(Phase.HEADERS)
        clients = [await connect(HALF) for _ in range(20)]
        await desk.pass_seconds(9)
        assert [await each.is_open() for each in clients] == [True] * 20
        await desk.pass_seconds(2)
        for each in clients:
            answer = await each.everything()
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b'"code":"request-timeout"' in answer
        assert _closed(Phase.HEADERS) == before + 20
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
        before = _closed("header-bytes")
        with pytest.raises(ConnectionError):
            for _ in range(1_000):
                await client.send(HALF + b"a" * 65_536)
                await asyncio.sleep(0)
        assert _closed("header-bytes") == before + 1

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
        before = _closed("header-bytes")
        with pytest.raises(ConnectionError):
            for _ in range(1_000):
                await client.send(b"a" * 8_192)
                await asyncio.sleep(0.001)
        assert _closed("header-bytes") == before + 1
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
        before = _closed("pipelined")
        flooding = await connect(b"GET /wait HTTP/1.1\r\nHost: desk\r\n\r\n" + GET * 10_000)
        await flooding.everything()
        assert _closed("pipelined") == before + 1
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
        await asyncio.sleep(0.05)
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
        await asyncio.sleep(0.05)
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


class TestNumbers:
    @pytest.fixture
    async def desk(self):
        return Desk(ConnectionLimits(total=8, per_address=5, proxies=(ip_network("127.0.0.9/32"),)))

    async def test_one_address_has_its_share_and_others_have_theirs(self, connect):
        before = _refused("address")
        held = [await connect(GET) for _ in range(5)]
        refused = await connect(GET)
        answer = await refused.everything()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b'"code":"too-many-connections"' in answer
        assert _refused("address") == before + 1
        other = await connect(GET, "127.0.0.2")
        await other.answer()
        held[0].writer.close()
        await asyncio.sleep(0.02)
        await (await connect(GET)).answer()

    async def test_a_trusted_proxy_is_not_one_address(self, connect):
        for _ in range(8):
            await (await connect(GET, "127.0.0.9")).answer()

    async def test_a_full_process_closes_who_has_not_asked_yet_for_who_does(self, desk, connect):
        slow = [await connect(HALF, f"127.0.0.{number}") for number in (2, 3) for _ in range(4)]
        desk.connections.sweep(1.0)
        honest = await connect(GET, "127.0.0.4")
        await honest.answer()
        assert [await each.is_open() for each in slow].count(False) == 1
        assert len(desk.connections._open) == 8

    async def test_a_full_process_with_requests_in_progress_refuses(self, desk, connect):
        for number in (2, 3):
            for _ in range(4):
                await connect(b"GET /wait HTTP/1.1\r\nHost: desk\r\n\r\n", f"127.0.0.{number}")
        desk.connections.sweep(1.0)
        before = _refused("total")
        refused = await connect(GET, "127.0.0.4")
        assert b" 503 " in await refused.everything()
        assert _refused("total") == before + 1

    async def test_closed_connections_leave_nothing_behind(self, desk, connect):
        clients = [await connect(GET) for _ in range(5)]
        for each in clients:
            each.writer.transport.abort()
        await asyncio.sleep(0.05)
        assert not desk.connections._open
        assert not desk.connections._by_source

    @pytest.mark.parametrize(
        ("address", "same"),
        [("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"), ("::ffff:192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80::2")],
    )
    def test_a_subscriber_is_one_source(self, address, same):
        assert _source(address) == _source(same)
        assert _source(address) != _source("2001:db8:0:2::1")


class TestDescriptors:
    async def test_a_reserve_of_descriptors_is_kept_for_everything_else(self):
        with socket.socket() as newest:
            taken = newest.fileno()
        desk = Desk(descriptors=(taken + 40) * 4 // 3)  # a quarter is the reserve
        async with _served(desk) as port:
            before = _refused("descriptors")
            clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(60)]  # two descriptors each
            await asyncio.sleep(0.05)
            assert _refused("descriptors") - before > 30
            answers = [await asyncio.wait_for(reader.read(12), PATIENCE) for reader, _ in clients[-10:]]
            assert answers == [b"HTTP/1.1 503"] * 10
            for _, writer in clients:
                writer.transport.abort()

    def test_a_process_with_few_descriptors_serves_newcomers_and_resets_nobody(self, tmp_path):
        few = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))}
        with _started(tmp_path, **few) as port, ExitStack() as held:

            def connection(address, request):
                client = held.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE, (address, 0)))
                client.sendall(request)
                return client

            slow = [connection(f"127.0.0.{2 + index % 40}", HALF) for index in range(200)]
            refused = wait_until(lambda: (found := select.select(slow, [], [], 1)[0])[20:] and found)
            answers = {client.recv(12) for client in refused}
            assert b"HTTP/1.1 503" in answers
            assert answers <= {b"HTTP/1.1 503", b"HTTP/1.1 408"}  # on a slow machine the first ones have had their time already
            honest = GET.replace(b"/ ", b"/health/live ").replace(b"desk", b"127.0.0.1")
            wait_until(lambda: connection("127.0.0.99", honest).recv(12) == b"HTTP/1.1 200")


@contextmanager
def _started(folder, **given):
    """The port of `aryz up` over a new folder."""
    command = [sys.executable, "-m", "suite.cli", "up", "--port", "0", "--data", str(folder / "data")]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, **given) as running:
        try:
            yield int(re.search(r":(\d+)/", running.stdout.readline())[1])
        finally:
            running.terminate()
            running.wait(PATIENCE)


class TestLog:
    async def test_a_line_a_second_says_how_many_and_never_who(self, connect, desk, monkeypatch):
        lines = []
        monkeypatch.setattr("shared.connections.log.warning", lambda event, **given: lines.append((event, given)))
        for _ in range(3):
            await connect(HALF)
        await desk.pass_seconds(30)
        assert lines == [("connections closed", {"headers": 3})]
