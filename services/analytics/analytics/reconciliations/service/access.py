"""Who may check published statistics, and how large a file may be."""

from typing import Final

from shared.auth import Role

READERS: Final[tuple[Role, ...]] = ("analyst", "supervisor", "head")
FILE_LIMIT: Final = 1024 * 1024  # bytes: 2 000 rows of 500 bytes
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
