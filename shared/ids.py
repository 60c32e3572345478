"""Identifiers: UUIDv7 for what a command makes, UUIDv5 for what follows from an event, so that work done again repeats its ids."""

from hashlib import sha1
from typing import Protocol
from uuid import UUID

import uuid_utils.compat
from asyncpg.pgproto import pgproto


class Ids(Protocol):
    def new(self) -> UUID:
        """A fresh identifier, never handed out before."""
        ...


class RandomIds:
    """UUIDv7: ordered by time, so that indexes grow at their end."""

    def new(self) -> UUID:
        return uuid_utils.compat.uuid7()


class SequentialIds:
    """Identifiers 1, 2, 3 … for tests that compare whole outputs."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> UUID:
        self._last += 1
        return UUID(int=self._last)


def read_uuid(written: str | bytes) -> UUID:
    """The identifier that a text or 16 bytes write, as the database driver's own kind of UUID: equal to the standard one.

    It is made, written and stored in a tenth of the time. Raises ValueError for anything else.
    """
    found: UUID = pgproto.UUID(written)
    return found


def derived(cause: UUID, name: str, ordinal: int = 0) -> UUID:
    """The identifier that always follows from `cause`: the same cause, name and ordinal give the same id (UUIDv5)."""
    octets = bytearray(sha1(cause.bytes + f"{name}/{ordinal}".encode(), usedforsecurity=False).digest()[:16])
    octets[6] = octets[6] & 0x0F | 0x50  # the version, and
    octets[8] = octets[8] & 0x3F | 0x80  # the variant (RFC 9562, 4.1 and 4.2)
    return read_uuid(bytes(octets))
