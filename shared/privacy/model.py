"""The row types of the registry of personal data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EVERY_SERVICE: Final = "every service"
"""The service of tables that every service has (`shared.messaging`)."""


class Protection(StrEnum):
    """How a value is stored, which decides what a reader of the database without the keys sees."""

    SEALED = "sealed"
    """AES-256-GCM ciphertext, bound to table, row and field (`shared.sealing.Sealer`)."""
    KEYED_HASH = "keyed hash"
    """HMAC-SHA-256 under a secret pepper (`shared.sealing.Pepper`): it can be compared and looked up, never read back."""
    PLAIN = "plain"
    """The value itself. The row gives the reason."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column that can hold personal text or identify a person.

    Retention, export and erasure default to those of the table. `reason`: why a plain value is not sealed.
    """

    column: str
    content: str
    protection: Protection
    reason: str = ""
    retention: str = ""
    export: str = ""
    erasure: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with such columns and the rules that apply to all of them."""

    service: str
    name: str
    fields: Sequence[Field]
    retention: str
    export: str
    erasure: str


@dataclass(frozen=True, slots=True)
class StoredField:
    """A complete row of the registry."""

    service: str
    table: str
    column: str
    content: str
    protection: Protection
    reason: str
    retention: str
    export: str
    erasure: str


@dataclass(frozen=True, slots=True)
class Store:
    """A place outside the database tables that holds personal data."""

    name: str
    content: str
    protection: str
    retention: str
    export: str
    erasure: str


def stored_fields(tables: Sequence[Table]) -> Iterator[StoredField]:
    """Yield the fields of these tables. A field without its own retention, export and erasure gets those of its table."""
    for table in tables:
        for field in table.fields:
            yield StoredField(
                service=table.service,
                table=table.name,
                column=field.column,
                content=field.content,
                protection=field.protection,
                reason=field.reason,
                retention=field.retention or table.retention,
                export=field.export or table.export,
                erasure=field.erasure or table.erasure,
            )


def sealed(column: str, content: str, *, retention: str = "", export: str = "", erasure: str = "") -> Field:
    """Return a field stored as ciphertext."""
    return Field(column, content, Protection.SEALED, retention=retention, export=export, erasure=erasure)


def hashed(column: str, content: str, *, retention: str = "", export: str = "", erasure: str = "") -> Field:
    """Return a field stored as a keyed hash."""
    return Field(column, content, Protection.KEYED_HASH, retention=retention, export=export or "a hash cannot be read", erasure=erasure)


def plain(column: str, content: str, reason: str, *, retention: str = "", export: str = "", erasure: str = "") -> Field:
    """Return a field stored as plain text, with the reason."""
    return Field(column, content, Protection.PLAIN, reason, retention=retention, export=export, erasure=erasure)
