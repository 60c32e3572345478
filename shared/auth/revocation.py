"""Revoked tokens and ended sessions, in one file that all processes over the data folder share."""

import asyncio
import math
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import structlog

from shared.errors import Unavailable

FILE = "revoked.db"
POLL_SECONDS = 1.0  # other processes see a revocation within this time; the own process sees it at once
SESSION_LIMIT = timedelta(hours=12)  # a working day: the longest page session, and how long an ended one is remembered
LIMIT = 100_000  # tokens, about 10 MB; above it those that expire first are dropped
READ_SECONDS = 0.05  # a poll waits no longer for a process that is writing; the next poll reads the change
WRITE_SECONDS = 5.0
_TABLE = "CREATE TABLE IF NOT EXISTS revoked (id INTEGER PRIMARY KEY AUTOINCREMENT, token BLOB NOT NULL, until INTEGER NOT NULL)"
_SURPLUS = "DELETE FROM revoked WHERE id IN (SELECT id FROM revoked ORDER BY until LIMIT max(0, (SELECT count(*) FROM revoked) - ?))"

log = structlog.get_logger("auth")


class RevokedTokens:
    """The revoked tokens of one data folder. Each is stored as a hash until it expires.

    The first revocation creates the file, readable by its owner alone. All times are seconds since the epoch.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._until: dict[bytes, int] = {}
        self._read_to = 0
        self._polled_at: float | None = None

    def has(self, token: bytes, now: float) -> bool:
        """Return whether the token with this hash is revoked. Reads the file at most once a second."""
        if self._polled_at is None or not 0 <= now - self._polled_at < POLL_SECONDS:
            self._polled_at = now
            self._poll(now)
        return token in self._until

    def is_before_end(self, subject: bytes, issued: float, now: float) -> bool:
        """Return whether all sessions of a subject were ended by `end_all` after a token of it was issued at `issued`."""
        return self.has(subject, now) and issued <= self._until[subject] - SESSION_LIMIT.total_seconds()

    async def end_all(self, subject: bytes, *, ended: float, now: float) -> None:
        """Revoke all tokens of a subject that were issued up to `ended`. Raises Unavailable."""
        await self.add(subject, until=ended + SESSION_LIMIT.total_seconds(), now=now)

    async def add(self, token: bytes, *, until: float, now: float) -> None:
        """Revoke the token with this hash, which expires at `until`, durably. Raises Unavailable if the file cannot be written."""
        row = (token, math.ceil(until))
        try:
            await asyncio.to_thread(self._store, row, now)
        except (sqlite3.Error, OSError) as error:
            log.exception("a session cannot be ended", error=type(error).__name__)
            raise Unavailable("The session cannot be ended now. Try again.") from None
        self._note(*row)

    def _note(self, token: bytes, until: int) -> None:
        self._until[token] = max(until, self._until.get(token, 0))  # logout tokens may arrive in another order

    def _store(self, row: tuple[bytes, int], now: float) -> None:
        os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(self._path, timeout=WRITE_SECONDS)) as connection, connection:
            connection.execute(_TABLE)
            connection.execute("DELETE FROM revoked WHERE until <= ?", (int(now),))
            connection.execute("INSERT INTO revoked (token, until) VALUES (?, ?)", row)
            connection.execute(_SURPLUS, (LIMIT,))

    def _poll(self, now: float) -> None:
        if not self._path.exists():
            return
        try:
            with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=READ_SECONDS)) as connection:
                [last] = connection.execute("SELECT coalesce(max(id), 0) FROM revoked").fetchone()
                if last < self._read_to:  # the file was recreated or restored, so its numbers start again
                    self._read_to = 0
                rows = connection.execute("SELECT id, token, until FROM revoked WHERE id > ? ORDER BY id", (self._read_to,)).fetchall()
        except sqlite3.Error as error:
            log.warning("revocations-not-read", error=type(error).__name__)
            return
        for self._read_to, token, until in rows:
            self._note(token, until)
        if rows:
            self._until = {token: until for token, until in self._until.items() if until > now}
