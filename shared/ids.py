"""Identifiers: UUIDv7 for what a command makes, UUIDv5 for what follows from an event, so that work done again repeats its ids."""

from typing import Protocol
from uuid import UUID

import uuid_utils.compat


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


def derived(cause: UUID, name: str, ordinal: int = 0) -> UUID:
    """The identifier that always follows from `cause`: the same cause, name and ordinal give the same id."""
    return uuid_utils.compat.uuid5(cause, f"{name}/{ordinal}")
