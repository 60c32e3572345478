"""The virus scanner: clamd, called over a socket (INSTREAM, clamd(8))."""

import asyncio
from collections.abc import AsyncIterable
from typing import Final

CONNECT_SECONDS: Final = 10.0
FILE_SECONDS: Final = 150.0  # for a file; clamd's own limit is 120 (MaxScanTime)
ANSWER_BYTES: Final = 4096

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ScannerUnavailable(Exception):
    """The scanner does not accept connections; all files wait."""


class NotScanned(Exception):
    """The scanner accepted this file and gave no verdict: an error, a time-out, or a lost connection."""


class Clamd:
    """The client of clamd. `address`: `host:port` or the path of a Unix socket; `seconds`: limit for one file."""

    def __init__(self, address: str, *, seconds: float = FILE_SECONDS) -> None:
        self._address = address
        self._seconds = seconds

    async def finds_virus(self, data: AsyncIterable[bytes]) -> bool:
        """Return whether clamd finds a virus. Raises ScannerUnavailable and NotScanned.

        Once connected, any failure counts as the file's fault: a file that hangs or crashes the scanner must not be the next one again.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                streams = await self._connect()
        except (TimeoutError, OSError) as error:
            raise ScannerUnavailable(type(error).__name__) from error
        try:
            async with asyncio.timeout(self._seconds):
                answer = await _ask(streams, data)
        except (TimeoutError, OSError) as error:
            raise NotScanned(type(error).__name__) from error
        if answer.endswith(b" FOUND"):
            return True
        if answer.endswith(b" OK"):
            return False
        raise NotScanned("the scanner answers an error")

    async def _connect(self) -> Streams:
        if "/" in self._address:
            return await asyncio.open_unix_connection(self._address)
        host, _, port = self._address.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port))


async def _ask(streams: Streams, data: AsyncIterable[bytes]) -> bytes:
    reader, writer = streams
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
