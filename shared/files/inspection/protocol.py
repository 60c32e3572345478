"""The protocol between the service and an inspecting process: the length of a JSON frame, the frame, then the announced bytes."""

import json
from typing import Final, TypedDict, cast

LENGTH: Final = 4  # bytes, big-endian, before each frame
FRAME_LIMIT: Final = 65_536  # bytes

# Exit codes of an inspecting process that could not answer
EXIT_LIMIT: Final = 3  # the file exceeded the limits of time or memory
EXIT_CRASH: Final = 4  # a decoder crashed


class InspectionJob(TypedDict):
    """What the service sends before the bytes of a file."""

    declared: str | None
    """The code of the kind that the sender declared."""
    allowed: list[str]
    limits: dict[str, int]
    size: int
    """Bytes of the file, which follow the frame."""


class InspectionResult(TypedDict, total=False):
    """What the process answers: a kind, the code of a rejection, or the name of an unforeseen error."""

    kind: str
    rejected: str
    failed: str
    size: int | None
    """Bytes to store in the file's place, which follow the frame; None: the file is stored unchanged."""


def frame(content: InspectionJob | InspectionResult) -> bytes:
    """Return the frame of a job or result."""
    raw = json.dumps(content).encode()
    return len(raw).to_bytes(LENGTH) + raw


def job_of(raw: bytes) -> InspectionJob:
    """Return the job in a frame's content."""
    return cast("InspectionJob", json.loads(raw))


def result_of(raw: bytes) -> InspectionResult:
    """Return the result in a frame's content."""
    return cast("InspectionResult", json.loads(raw))
