"""Identifiers: UUIDv7 for new entities, UUIDv5 for ids derived from an event, so that a repeated run creates the same ids."""

from hashlib import sha1
from secrets import randbelow
from typing import Protocol
from uuid import UUID

import uuid_utils
from asyncpg.pgproto import pgproto


class Ids(Protocol):
    def new(self) -> UUID:
        """Return a new identifier that was never returned before."""
        ...


class RandomIds:
    """Creates UUIDv7 identifiers. They are ordered by time, so new index entries go to the end of the index."""

    def new(self) -> UUID:
        return read_uuid(uuid_utils.uuid7().bytes)


class SequentialIds:
    """Creates the identifiers 1, 2, 3 … for tests that compare complete outputs."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> UUID:
        self._last += 1
        return UUID(int=self._last)


def random_digits(count: int) -> str:
    """Return a secret of `count` digits, each equally likely: a PIN or a one-time code."""
    return f"{randbelow(10**count):0{count}}"


def read_uuid(written: str | bytes) -> UUID:
    """Parse an identifier from text or from 16 bytes. Raises ValueError for anything else.

    The result is the UUID class of the database driver. It equals the standard class, and creating and storing it takes a tenth
    of the time.
    """
    found: UUID = pgproto.UUID(written)
    return found


def derived(cause: UUID, name: str, ordinal: int = 0) -> UUID:
    """Return the UUIDv5 derived from `cause`: the same cause, name and ordinal always give the same identifier."""
    octets = bytearray(sha1(cause.bytes + f"{name}/{ordinal}".encode(), usedforsecurity=False).digest()[:16])
    octets[6] = octets[6] & 0x0F | 0x50  # version (RFC 9562, 4.2)
    octets[8] = octets[8] & 0x3F | 0x80  # variant (RFC 9562, 4.1)
    return read_uuid(bytes(octets))
