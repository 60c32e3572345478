"""The virus scanner: clamd, asked over a socket (INSTREAM, clamd(8))."""

import asyncio
from collections.abc import AsyncIterable
from typing import Final

ANSWER_SECONDS: Final = 120.0  # clamd's own limit for a file (MaxScanTime)
ANSWER_BYTES: Final = 4096


class ScannerAway(Exception):
    """The scanner does not answer; the file waits."""


class NotScanned(Exception):
    """The scanner could not make anything of this one file."""


class Clamd:
    """`address`: `host:port`, or the path of a Unix socket."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def finds(self, data: AsyncIterable[bytes]) -> bool:
        """Whether there is something in it. Raises ScannerAway and NotScanned."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._ask(data)
        except (ConnectionError, TimeoutError, FileNotFoundError, OSError) as error:
            raise ScannerAway(type(error).__name__) from error
        if answer.endswith(b" FOUND"):
            return True
        if answer.endswith(b" OK"):
            return False
        raise NotScanned

    async def _ask(self, data: AsyncIterable[bytes]) -> bytes:
        reader, writer = await self._connect()
        try:
            writer.write(b"zINSTREAM\0")
            async for chunk in data:
                writer.write(len(chunk).to_bytes(4) + chunk)
                await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
            answer = (await reader.read(ANSWER_BYTES)).rstrip(b"\0\n")
            if not answer:
                raise ConnectionResetError
            return answer
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if "/" in self._address:
            return await asyncio.open_unix_connection(self._address)
        host, _, port = self._address.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port))
