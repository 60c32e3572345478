"""A client of an export as a server would drive it: chunks are dropped as they come, and the client may go away."""

import asyncio
from typing import Any


class StreamClient:
    """Reads an export of two years. Without `reads_on` it stops after the first bytes; `gone` ends its connection."""

    def __init__(self, world: Any, file: str, *, reads_on: bool = True) -> None:
        path = f"/analytics/v1/exports/{file}"
        self._scope = {
            "type": "http", "asgi": {"spec_version": "2.3"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
            "raw_path": path.encode(), "query_string": b"from=2024-01-01&to=2025-12-31", "root_path": "", "client": ("127.0.0.1", 40_000),
            "server": ("aryz.example", 80),
            "headers": [(b"host", b"aryz.example"), (b"authorization", f"Bearer {world.token('analyst')}".encode())],
        }  # fmt: skip
        self._app = world.app
        self._reads_on = reads_on
        self._asked = False
        self.started = asyncio.Event()
        self.gone = asyncio.Event()
        self.sizes: list[int] = []
        """Bytes of each chunk."""

    async def read(self) -> None:
        await self._app(self._scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            self.sizes.append(len(message["body"]))
            self.started.set()
            if not self._reads_on:
                await asyncio.Event().wait()
