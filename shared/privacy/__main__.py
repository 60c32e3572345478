"""Write the registry as a page: `python -m shared.privacy > docs/privacy.md`."""

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby

from shared.privacy import EVERY_SERVICE, REGISTRY, STORES, StoredField
from shared.privacy.codes import CODE_COLUMNS, CODE_FIELDS

_INTRODUCTION = """# Which personal data is stored, how, and how long

This page lists every database column that can hold text of people or tell who they are, and every store outside the
databases. `make privacy` writes it from `shared/privacy`. A test fails when page and code differ, and when a column of text
is in neither list below.

*Stored as* says what somebody sees who reads the database without the keys:

- *sealed*: AES-256-GCM ciphertext, bound to table, row and field;
- *keyed hash*: HMAC-SHA-256 under a secret pepper. It is compared and looked up, never read back;
- *plain*: the value itself, with the reason.

The page says what is built today. Where a time limit, an export or an erasure is missing, the row says so."""

_COLUMNS = ("column", "holds", "stored as", "how long", "given to the person", "erased")


def page() -> str:
    """Return the page as Markdown, with a newline at its end."""
    return "\n".join([_INTRODUCTION, *_services(), *_stores(), *_codes()]) + "\n"


def _services() -> Iterator[str]:
    for service, fields in groupby(REGISTRY, key=lambda field: field.service):
        yield f"\n## {'Tables of every service' if service == EVERY_SERVICE else service}\n"
        yield from _table(_COLUMNS, map(_row, fields))


def _row(field: StoredField) -> tuple[str, ...]:
    stored = f"{field.protection}: {field.reason}" if field.reason else str(field.protection)
    return f"`{field.table}.{field.column}`", field.content, stored, field.retention, field.export, field.erasure


def _stores() -> Iterator[str]:
    yield "\n## Stores outside the databases\n"
    rows = ((store.name, store.content, store.protection, store.retention, store.export, store.erasure) for store in STORES)
    yield from _table(("store", *_COLUMNS[1:]), rows)


def _codes() -> Iterator[str]:
    yield "\n## Columns of text that hold codes and ids alone\n"
    named = [(f"`{name}` in any table", reason) for name, reason in CODE_COLUMNS.items()]
    single = [(f"`{table}.{column}` of {service}", reason) for (service, table, column), reason in CODE_FIELDS.items()]
    yield from _table(("column", "holds"), [*named, *single])


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    sys.stdout.write(page())
