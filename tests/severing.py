"""A proxy to a server whose connections can be cut, for PostgreSQL also just before or after a COMMIT."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit

COMMIT = b"COMMIT;\0"  # the simple query that asyncpg sends


class Wire:
    """Forwards bytes between clients and one server.

    `cut`: the next COMMIT is not forwarded ("before"), or its reply is not ("after"). Then both sides are closed, once.
    """

    def __init__(self, server_url: str) -> None:
        self._place = urlsplit(server_url)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.cut: Literal["before", "after"] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        user = f"{self._place.username}:{self._place.password or ''}@".replace(":@", "@")
        return self._place._replace(netloc=f"{user}127.0.0.1:{self.port}").geturl()

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Stop listening and close all connections."""
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_connection(self._place.hostname, self._place.port)
        self._open |= {writer, there}
        silent = asyncio.Event()
        self._tasks |= {
            asyncio.create_task(self._ask(reader, writer, there, silent)),
            asyncio.create_task(self._answer(there_reader, writer, there, silent)),
        }

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, there: asyncio.StreamWriter, silent: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if COMMIT in data and self.cut is not None:
                    cut, self.cut = self.cut, None
                    if cut == "before":
                        break
                    silent.set()
                there.write(data)
            else:
                there.transport.abort()
                return
            writer.transport.abort()
            there.transport.abort()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, there: asyncio.StreamWriter, silent: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if silent.is_set():  # the server has committed and sends its reply
                    break
                writer.write(data)
        writer.transport.abort()
        there.transport.abort()


@asynccontextmanager
async def wire(server_url: str) -> AsyncIterator[Wire]:
    one = Wire(server_url)
    await one.up()
    yield one
    await one.down()
