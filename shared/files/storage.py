"""The object store: objects in a folder or a bucket, encrypted in chunks. No file is held whole in memory or stored readable.

An object is `prefix (7 bytes)` and then chunks of 64 kB of plaintext, each AES-256-GCM with the nonce `prefix | counter (4) | last (1)`:
the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015), in which chunks that were moved, dropped or cut off at the end are not
decrypted. Each chunk is bound to the object's name. Names are ids; the key of a file is stored sealed in its row.
"""

import asyncio
import io
import os
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from ipaddress import ip_address
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import UUID

import obstore
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from shared.errors import Unavailable
from shared.files.settings import FileSettings, StoreRefused
from shared.sealing import KEY, SealBroken

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

CHUNK: Final = 65_536
TAG: Final = 16
PREFIX: Final = 7
FOLDER: Final = "objects"  # in the data folder, if there is no bucket
BUFFER: Final = 5 * 2**20  # bytes; S3 accepts no smaller part
AT_ONCE: Final = 2  # parts sent at the same time; with BUFFER the memory used by a file being written
# Somebody waits for the answer: the library's default of three minutes of retries is too long.
RETRY: Final["RetryConfig"] = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
CLIENT: Final["ClientConfig"] = {
    "connect_timeout": timedelta(seconds=3),
    "timeout": timedelta(seconds=30),
}
REFUSED: Final = re.compile(r"status code: (?P<status>40[013]|404) .*?(?:<Code>(?P<code>\w+)</Code>|$)", re.DOTALL)
CHECKED: Final = "start-check/"  # a prefix that no object has

log = structlog.get_logger()


def open_store(url: str | None, data: Path, *, authority: Path | None = None, allow_http: bool = False) -> "ObjectStore":
    """Return the bucket at `url` (`s3://bucket/prefix`), or without `url` the folder `objects` in the data folder.

    A bucket's credentials, region and endpoint come from the environment (`AWS_…`), a web identity token, or the machine's own role.
    `authority` signs the endpoint's certificate, next to the system's own. Raises StoreRefused for an authority that cannot be read, and,
    unless `allow_http`, for an endpoint without TLS on another machine.
    """
    if url is None:
        folder = data / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(folder, automatic_cleanup=True)
    client: ClientConfig = {**CLIENT}
    if authority is not None:
        try:
            client["root_certificate"] = authority.read_bytes()
        except OSError as error:
            raise StoreRefused(f"ARYZ_OBJECTS_CA_FILE cannot be read ({error.strerror})") from None
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    if endpoint.scheme == "http":
        if not (allow_http or _is_loopback(endpoint.hostname or "")):
            raise StoreRefused("AWS_ENDPOINT_URL is not encrypted: use https://, or set ARYZ_OBJECTS_HTTP=true inside one's own network")
        client["allow_http"] = True
    try:
        return S3Store.from_url(url, client_options=client, retry_config=RETRY)
    except BaseError as error:
        raise StoreRefused(f"the settings of the object store cannot be used: {_first_line(error)}") from None


def store_of(settings: FileSettings) -> "ObjectStore":
    """Return the object store of these settings. Raises StoreRefused."""
    return open_store(settings.objects_url, settings.data, authority=settings.objects_ca_file, allow_http=settings.objects_http)


async def check_store(store: "ObjectStore") -> None:
    """Raise StoreRefused if the store refuses this process. A store that does not answer is logged: files wait for it, appeals do not."""
    try:
        await obstore.list(store, prefix=CHECKED).collect_async()
    except (BaseError, OSError) as error:
        if (refusal := _refusal(str(error))) is not None:
            raise StoreRefused(refusal) from None
        log.warning("the object store does not answer", reason=_first_line(error))


def _refusal(text: str) -> str | None:
    """Return what an operator has to correct, from the text of an error that is not worth another try; None: it may pass."""
    if "InvalidCertificate" in text or "invalid peer certificate" in text:
        return "the certificate of the object store is not accepted: see ARYZ_OBJECTS_CA_FILE, and the host in AWS_ENDPOINT_URL"
    if (found := REFUSED.search(text)) is None:
        return None
    code = found["code"] or found["status"]
    if found["status"] == "404":
        return f"the object store has no such bucket ({code}): see ARYZ_OBJECTS_URL and AWS_ENDPOINT_URL"
    return (
        f"the object store refuses this process ({code}): see AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and the bucket's rights"
    )


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def new_key() -> bytes:
    return os.urandom(KEY)


@contextmanager
def _reaching() -> Iterator[None]:
    """Translate the errors of a call of the store: Unavailable if it fails, refuses or is full; FileNotFoundError is passed on."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        log.error("the object store has failed", reason=_first_line(error))  # noqa: TRY400 - a traceback says no more
        raise Unavailable from error


class ChunkCipher:
    """The cipher of one object. Chunks are sealed in order and opened in any order."""

    def __init__(self, key: bytes, name: str, prefix: bytes) -> None:
        self._cipher = AESGCM(key)
        self._name = name.encode()
        self._prefix = prefix

    def seal(self, index: int, plain: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(index, last=last), plain, self._name)

    def open(self, index: int, sealed: bytes, *, last: bool) -> bytes:
        """Decrypt a chunk. Raises SealBroken."""
        try:
            return self._cipher.decrypt(self._nonce(index, last=last), sealed, self._name)
        except InvalidTag:
            raise SealBroken("the object was changed, cut or moved") from None

    def _nonce(self, index: int, *, last: bool) -> bytes:
        return self._prefix + index.to_bytes(4) + bytes([last])


class ChunkSealer:
    """Turns a stream of bytes into sealed chunks: call `add` for each block, then `finish`."""

    def __init__(self, key: bytes, name: str) -> None:
        self.head = os.urandom(PREFIX)
        self.size = 0
        self._chunks = ChunkCipher(key, name, self.head)
        self._waiting = bytearray()
        self._index = 0

    def add(self, data: bytes) -> bytes:
        """Return the sealed chunks that are complete; the last one is held back, as it is marked as last."""
        self.size += len(data)
        self._waiting += data
        sealed = bytearray()
        while len(self._waiting) > CHUNK:
            sealed += self._next(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return bytes(sealed)

    def finish(self) -> bytes:
        """Return the last sealed chunk."""
        return self._next(bytes(self._waiting), last=True)

    def _next(self, plain: bytes, *, last: bool) -> bytes:
        sealed = self._chunks.seal(self._index, plain, last=last)
        self._index += 1
        return sealed


class ObjectStorage:
    """The files of intake in the store. The objects of a file have its id as prefix."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store

    async def write(self, key: bytes, name: str, data: AsyncIterable[bytes]) -> int:
        """Write a new object and return its size in bytes. If `data` raises, no object is left. Raises Unavailable."""
        sealer = ChunkSealer(key, name)
        writer = obstore.open_writer_async(self._store, name, buffer_size=BUFFER, max_concurrency=AT_ONCE)

        async def write_sealed(sealed: bytes) -> None:
            with _reaching():
                await writer.write(sealed)

        try:
            await write_sealed(sealer.head)
            async for piece in data:
                await write_sealed(sealer.add(piece))
            await write_sealed(sealer.finish())
            with _reaching():
                await writer.close()
        except Unavailable:  # what the store has of it has the file's id as prefix: `drop` deletes it
            raise
        except BaseException:
            with suppress(Unavailable), _reaching():  # the original error is raised
                await writer.close()
                await obstore.delete_async(self._store, name)
            raise
        return sealer.size

    def reader(self, key: bytes, pieces: Sequence[Sequence[object]]) -> "SealedReader":
        """Return a reader with random access, to be read in another thread.

        Reading raises SealBroken, FileNotFoundError for a missing object, and Unavailable.
        """
        return SealedReader([_StoredPiece(self._store, key, str(name), int(str(size))) for name, size in pieces])

    async def drop(self, file_id: UUID) -> None:
        """Delete all objects of a file, those of failed attempts included. Raises Unavailable."""
        with _reaching():
            found = await obstore.list(self._store, prefix=file_id.hex).collect_async()
            if found:
                await obstore.delete_async(self._store, [meta["path"] for meta in found])

    async def drop_object(self, name: str) -> None:
        """Delete one object. Raises Unavailable."""
        with _reaching():
            await obstore.delete_async(self._store, name)


class _StoredPiece:
    """Reads one object of a file, chunk by chunk."""

    def __init__(self, store: "ObjectStore", key: bytes, name: str, size: int) -> None:
        self.size = size
        self._store, self._name = store, name
        self._cipher: Callable[[], ChunkCipher] = lambda: ChunkCipher(key, name, self._range(0, PREFIX))
        self._chunks: ChunkCipher | None = None
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
    """Reads a file's plain bytes with random access and one chunk in memory."""

    def __init__(self, pieces: Sequence[_StoredPiece]) -> None:
        self._pieces = [piece for piece in pieces if piece.size]
        self._ends = list(accumulate(piece.size for piece in self._pieces))
        self.size = self._ends[-1] if self._ends else 0
        self._at = 0
        self._cached: tuple[int, int] = (-1, -1)
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
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # any object with a buffer
        if self._at >= self.size or not len(target):
            return 0
        position = next(index for index, end in enumerate(self._ends) if self._at < end)
        within = self._at - (self._ends[position] - self._pieces[position].size)
        index, offset = divmod(within, CHUNK)
        if self._cached != (position, index):
            self._chunk = self._pieces[position].chunk(index)
            self._cached = (position, index)
        block = self._chunk[offset : offset + len(target)]
        target[: len(block)] = block
        self._at += len(block)
        return len(block)


async def plain_chunks(reader: SealedReader) -> AsyncIterator[bytes]:
    """Yield a file chunk by chunk, read in another thread."""
    while chunk := await asyncio.to_thread(reader.read, CHUNK):
        yield chunk
