"""How the registry describes a stored field: the types of its rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EVERY_SERVICE: Final = "every service"
"""In place of a service: the tables of `shared.messaging`, which each service's database has."""


class Protection(StrEnum):
    """What somebody who reads the database without the keys sees of a value."""

    SEALED = "sealed"
    """AES-256-GCM ciphertext, bound to table, row and field (`shared.sealing.Sealer`)."""
    KEYED_HASH = "keyed hash"
    """HMAC-SHA-256 under a secret pepper (`shared.sealing.Pepper`): compared and looked up, never read back."""
    PLAIN = "plain"
    """The value itself; the row says why."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column that can hold text of people or tell who they are.

    Retention, export and erasure are those of the table unless the field has its own. `reason`: why a plain value is not sealed.
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
    """A table with such columns, and what holds for all of them."""

    service: str
    name: str
    fields: Sequence[Field]
    retention: str
    export: str
    erasure: str


@dataclass(frozen=True, slots=True)
class StoredField:
    """A row of the registry, complete."""

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
    """A place outside the tables where personal data lies."""

    name: str
    content: str
    protection: str
    retention: str
    export: str
    erasure: str


def stored_fields(tables: Sequence[Table]) -> Iterator[StoredField]:
    """Yield the fields of these tables, each with the table's retention, export and erasure where it has none of its own."""
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
    """Return a field stored as a keyed hash of `content`."""
    return Field(column, content, Protection.KEYED_HASH, retention=retention, export=export or "a hash cannot be read", erasure=erasure)


def plain(column: str, content: str, reason: str, *, retention: str = "", export: str = "", erasure: str = "") -> Field:
    """Return a field stored as it is, with the reason."""
    return Field(column, content, Protection.PLAIN, reason, retention=retention, export=export, erasure=erasure)
