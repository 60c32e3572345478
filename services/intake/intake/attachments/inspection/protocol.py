"""The protocol between a service and its inspecting process: a frame of JSON after its length, then the announced bytes."""

import json
from typing import Any, Final

LENGTH: Final = 4  # bytes, big-endian, before each frame
FRAME_LIMIT: Final = 65_536  # bytes

# How an inspecting process ends when a file did not let it answer
EXIT_LIMIT: Final = 3  # the file took more time or memory than it may
EXIT_CRASH: Final = 4  # a decoder crashed


def frame(content: dict[str, Any]) -> bytes:
    raw = json.dumps(content).encode()
    return len(raw).to_bytes(LENGTH) + raw


def content_of(raw: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(raw)
    return found
