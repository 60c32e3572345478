"""The policy files of attachments: `data/attachments.toml` and `data/attachment_kinds.csv`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError
from shared.files.codes import AttachmentState
from shared.policy_files import policy_document, policy_rows

FILE: Final = "attachments.toml"
CHECKS: Final = frozenset({"image", "pdf", "package", "text"})
SHOWN: Final = "SHOWN"

LABELLED: Final = frozenset(AttachmentState) - {AttachmentState.DROPPED}


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that is accepted."""

    code: str
    media_types: tuple[str, ...]
    extensions: tuple[str, ...]
    check: str
    label: Label


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """Sizes in bytes and pixels; `attachments.toml` explains each."""

    file_bytes: int
    files: int
    total_bytes: int
    pieces: int
    kept_hours: int
    unclaimed_files: int
    unclaimed_bytes: int
    all_unclaimed_files: int
    all_unclaimed_bytes: int
    name_characters: int
    pixels: int
    jpeg_pixels: int
    package_entries: int
    package_bytes: int
    package_ratio: int
    inspection_seconds: int
    inspection_wall_seconds: int
    inspection_memory: int


@dataclass(frozen=True, slots=True)
class AttachmentPolicy:
    """Limits, and the labels of states and refusals."""

    limits: AttachmentLimits
    shows_unscanned: bool
    states: Mapping[str, Label]
    refusals: Mapping[str, Label]


@cache
def kinds() -> Mapping[str, FileKind]:
    """Return the accepted kinds by code. Raises ReferenceDataError."""
    found = {}
    for row in policy_rows("shared.files", "attachment_kinds.csv"):
        code, check = row.text("code"), row.one_of("check", CHECKS)
        found[code] = FileKind(code, tuple(row.text("media_types").split()), tuple(row.text("extensions").split()), check, row.label())
    return found


@cache
def policy() -> AttachmentPolicy:
    """Return the policy. Raises ReferenceDataError for limits that are missing or no positive numbers, and for a state without a label."""
    given = policy_document("shared.files", FILE)
    limits = given["limits"]
    if set(limits) != set(AttachmentLimits.__slots__) or not all(type(value) is int and value > 0 for value in limits.values()):
        raise ReferenceDataError(FILE, 0, "the limits are not those known, or not positive whole numbers")
    if given["policy"]["unscanned"] not in {SHOWN, "WITHHELD"}:
        raise ReferenceDataError(FILE, 0, "unscanned is SHOWN or WITHHELD")
    states, refusals = ({code: Label(**entry) for code, entry in given[group].items()} for group in ("state", "refusal"))
    if set(states) != LABELLED:
        raise ReferenceDataError(FILE, 0, "a state has no sentence, or a sentence no state")
    return AttachmentPolicy(AttachmentLimits(**limits), given["policy"]["unscanned"] == SHOWN, states, refusals)
