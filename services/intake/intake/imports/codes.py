"""Codes of register imports."""

from enum import StrEnum


class ImportState(StrEnum):
    """What has become of an import of open appeals."""

    IMPORTED = "IMPORTED"
    UNDONE = "UNDONE"
    """It was undone: appeals on which somebody has worked stay, all others are removed as routing decides."""
