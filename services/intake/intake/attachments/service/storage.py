"""Where files lie: objects in a folder or a bucket, encrypted in chunks, so that nothing is ever whole in memory or readable at rest.

An object is `prefix (7 bytes)` and then chunks of 64 kB of plaintext, each AES-256-GCM with the nonce `prefix | counter (4) | last (1)`:
the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015), in which chunks that were moved, dropped or cut off at the end do not
open. The object's name is bound to each chunk. Names are ids; the key of a file lies sealed in its row.
"""

import asyncio
import io
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import obstore
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from shared.errors import Unavailable
from shared.sealing import KEY, SealBroken

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

CHUNK: Final = 65_536
TAG: Final = 16
PREFIX: Final = 7
FOLDER: Final = "objects"  # in the data folder, where there is no bucket
BUFFER: Final = 5 * 2**20  # bytes; S3 takes no smaller part of an upload
AT_ONCE: Final = 2  # parts on their way: with BUFFER what a file being written takes of memory
# Somebody waits for the answer: the library's own three minutes of trying again are too long.
RETRY: Final["RetryConfig"] = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
CLIENT: Final["ClientConfig"] = {
    "connect_timeout": timedelta(seconds=3),
    "timeout": timedelta(seconds=30),
    "allow_http": True,  # as the endpoint says that the operator names; Amazon's own is https
}

log = structlog.get_logger()


def open_store(url: str | None, data: Path) -> "ObjectStore":
    """The bucket under `url` (`s3://bucket/prefix`), else the folder `objects` beside the data.

    A bucket's credentials, region and endpoint come from the environment (`AWS_…`), a web identity token, or the machine's own role.
    """
    if url is not None:
        return S3Store.from_url(url, client_options=CLIENT, retry_config=RETRY)
    folder = data / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return LocalStore(folder, automatic_cleanup=True)


def new_key() -> bytes:
    return os.urandom(KEY)


@contextmanager
def _reaching() -> Iterator[None]:
    """Round each call of the store. Raises Unavailable where it is away, refuses, or is full; FileNotFoundError stays what it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        log.error("the object store does not do what it is asked", reason=str(error).partition("\n")[0])  # noqa: TRY400 - a traceback says no more
        raise Unavailable from error


class Chunks:
    """The cipher of one object: chunk by chunk, in order when written and in any order when read."""

    def __init__(self, key: bytes, name: str, prefix: bytes) -> None:
        self._cipher = AESGCM(key)
        self._name = name.encode()
        self._prefix = prefix

    def seal(self, index: int, plain: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(index, last=last), plain, self._name)

    def open(self, index: int, sealed: bytes, *, last: bool) -> bytes:
        """Raises SealBroken."""
        try:
            return self._cipher.decrypt(self._nonce(index, last=last), sealed, self._name)
        except InvalidTag:
            raise SealBroken("the object was changed, cut or moved") from None

    def _nonce(self, index: int, *, last: bool) -> bytes:
        return self._prefix + index.to_bytes(4) + bytes([last])


class Sealing:
    """Turns a stream of bytes into sealed chunks: `take` what came, then `end`."""

    def __init__(self, key: bytes, name: str) -> None:
        self.head = os.urandom(PREFIX)
        self.size = 0
        self._chunks = Chunks(key, name, self.head)
        self._waiting = bytearray()
        self._index = 0

    def take(self, data: bytes) -> bytes:
        """Sealed chunks that are full for certain; one is always kept back, as the last is marked."""
        self.size += len(data)
        self._waiting += data
        sealed = bytearray()
        while len(self._waiting) > CHUNK:
            sealed += self._next(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return bytes(sealed)

    def end(self) -> bytes:
        return self._next(bytes(self._waiting), last=True)

    def _next(self, plain: bytes, *, last: bool) -> bytes:
        sealed = self._chunks.seal(self._index, plain, last=last)
        self._index += 1
        return sealed


class Objects:
    """The files of intake in the store. A file's objects lie under its id."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store

    async def write(self, key: bytes, name: str, data: AsyncIterable[bytes]) -> int:
        """A new object of what `data` gives; returns its size in bytes. Whatever `data` raises leaves no object. Raises Unavailable."""
        sealing = Sealing(key, name)
        writer = obstore.open_writer_async(self._store, name, buffer_size=BUFFER, max_concurrency=AT_ONCE)

        async def put(sealed: bytes) -> None:
            with _reaching():
                await writer.write(sealed)

        try:
            await put(sealing.head)
            async for piece in data:
                await put(sealing.take(piece))
            await put(sealing.end())
            with _reaching():
                await writer.close()
        except Unavailable:  # what the store has of it lies under the file's id, for `drop`
            raise
        except BaseException:
            with suppress(Unavailable), _reaching():  # what broke off is told
                await writer.close()
                await obstore.delete_async(self._store, name)
            raise
        return sealing.size

    def reader(self, key: bytes, pieces: Sequence[Sequence[object]]) -> "SealedReader":
        """A file to read in another thread, from any place.

        Raises when read: SealBroken, FileNotFoundError where an object is gone, Unavailable.
        """
        return SealedReader([_Piece(self._store, key, str(name), int(str(size))) for name, size in pieces])

    async def drop(self, file_id: UUID) -> None:
        """All objects of a file, those of broken attempts too. Raises Unavailable."""
        with _reaching():
            found = await obstore.list(self._store, prefix=file_id.hex).collect_async()
            if found:
                await obstore.delete_async(self._store, [one["path"] for one in found])

    async def drop_object(self, name: str) -> None:
        """Raises Unavailable."""
        with _reaching():
            await obstore.delete_async(self._store, name)


class _Piece:
    """One object of a file, chunk by chunk."""

    def __init__(self, store: "ObjectStore", key: bytes, name: str, size: int) -> None:
        self.size = size
        self._store, self._name = store, name
        self._cipher: Callable[[], Chunks] = lambda: Chunks(key, name, self._range(0, PREFIX))
        self._chunks: Chunks | None = None
        self._last = max(size - 1, 0) // CHUNK

    def chunk(self, index: int) -> bytes:
        self._chunks = self._chunks or self._cipher()
        length = (self.size - index * CHUNK if index == self._last else CHUNK) + TAG
        start = PREFIX + index * (CHUNK + TAG)
        return self._chunks.open(index, self._range(start, start + length), last=index == self._last)

    def _range(self, start: int, end: int) -> bytes:
        with _reaching():
            return bytes(obstore.get_range(self._store, self._name, start=start, end=end))


class SealedReader(io.RawIOBase):
    """A file's plain bytes with random access, one chunk in memory at a time."""

    def __init__(self, pieces: Sequence[_Piece]) -> None:
        self._pieces = [one for one in pieces if one.size]
        self._ends = list(accumulate(one.size for one in self._pieces))
        self.size = self._ends[-1] if self._ends else 0
        self._at = 0
        self._held: tuple[int, int] = (-1, -1)
        self._chunk = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # whatever holds bytes
        if self._at >= self.size or not len(target):
            return 0
        place = next(index for index, end in enumerate(self._ends) if self._at < end)
        within = self._at - (self._ends[place] - self._pieces[place].size)
        index, offset = divmod(within, CHUNK)
        if self._held != (place, index):
            self._chunk = self._pieces[place].chunk(index)
            self._held = (place, index)
        taken = self._chunk[offset : offset + len(target)]
        target[: len(taken)] = taken
        self._at += len(taken)
        return len(taken)


async def plain_chunks(reader: SealedReader) -> AsyncIterator[bytes]:
    """What a reader holds, chunk by chunk, read beside the event loop."""
    while chunk := await asyncio.to_thread(reader.read, CHUNK):
        yield chunk
