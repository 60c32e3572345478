"""Comparison of the rows that a test has stored with the registry of personal data."""

from collections import defaultdict

from shared.database import Database
from shared.privacy import EVERY_SERVICE, REGISTRY, Protection
from shared.sealing import NONCE, VERSION

TAG = 16  # bytes of AES-GCM
HASH = 32  # bytes of HMAC-SHA-256
BROKEN = b"\x01\x00broken"
"""Stored by tests in place of valid ciphertext."""


def protected_tables(service: str) -> dict[str, dict[str, Protection]]:
    """Return the columns of a service's tables that hold ciphertext or hashes, by table."""
    found: dict[str, dict[str, Protection]] = defaultdict(dict)
    for field in REGISTRY:
        if field.service in {service, EVERY_SERVICE} and field.protection is not Protection.PLAIN:
            found[field.table][field.column] = field.protection
    return dict(found)


def sealed_tables(service: str) -> set[str]:
    """Return the tables of a service with a column of ciphertext."""
    return {table for table, protections in protected_tables(service).items() if Protection.SEALED in protections.values()}


async def check_stored_rows(service: str, database: Database) -> set[tuple[str, str]]:
    """Fail if a stored value is not protected as registered. Returns the columns, by table, that held any value."""
    seen = set()
    protected = protected_tables(service)
    filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in protected)
    async with database.read() as session:
        connection = await session.connection()  # plain SQL: each test has an engine of its own, which would compile every query
        for name in (await connection.exec_driver_sql(filled)).scalars().all():
            protections = protected[name]
            for row in await connection.exec_driver_sql(f"SELECT {', '.join(protections)} FROM {name}"):
                for field, value in zip(protections, row, strict=True):
                    if value is not None:
                        assert holds(protections[field], value), f"{name}.{field} is not a {protections[field]} value"
                        seen.add((name, field))
    return seen


def holds(protection: Protection, value: bytes) -> bool:
    """Return whether a value has the form of this protection."""
    if value == BROKEN:
        return True
    if protection is Protection.KEYED_HASH:
        return len(value) == HASH
    return len(value) > 1 and value[0] == VERSION and len(value) >= 2 + value[1] + NONCE + TAG
