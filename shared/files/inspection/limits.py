"""Limits of one file, in bytes, pixels and seconds; `data/attachments.toml` says what each is for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InspectionLimits:
    """The limits of the inspection of one file."""

    file_bytes: int
    pixels: int
    jpeg_pixels: int
    package_entries: int
    package_bytes: int
    package_ratio: int
    inspection_seconds: int
    inspection_wall_seconds: int
    inspection_memory: int
