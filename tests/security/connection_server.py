"""A server with connection limits whose clock only moves when a test says so, and clients that speak to it byte by byte."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from uvicorn.server import ServerState

from shared.connections import BoundedProtocol, ConnectionLimits, Connections, ServerConfig
from shared.telemetry import connection_metrics
from tests.patience import PATIENCE

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
async def served(desk, host="127.0.0.1"):
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
async def port(desk):
    async with served(desk) as port:
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


def refused_count(reason):
    return connection_metrics.refused.labels(reason)._value.get()


def closed_count(reason):
    return connection_metrics.closed.labels(reason)._value.get()
