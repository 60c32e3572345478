"""Connection limits of a process: how many connections, from which addresses, and how slow a client may be.

`BoundedProtocol` is uvicorn's HTTP protocol with three checks: an unfinished request header is bounded in bytes, few requests may
be pipelined, and the process's `Connections` must admit a new connection. `Connections.watch` checks all open connections for
slow clients once a second, so that no request needs a timer. The limits and what a client sees of them:
docs/operations/limits.md.
"""

import asyncio
import resource
from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final, cast

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.client_address import Network, is_trusted
from shared.errors import DomainError, HeadersTooLarge, RequestTimeout, TooManyConnections, problem_response
from shared.settings import ServiceSettings
from shared.telemetry import connection_metrics

WATCH_SECONDS: Final = 1.0
PIPELINED: Final = 16  # requests waiting behind the current one; each costs 2.5 kB, and one read can hold 14 000
DESCRIPTORS_WANTED: Final = 65_536  # the soft limit is raised to the hard limit, but not beyond this number
DESCRIPTORS_RESERVED: Final = 128  # for databases, the log, files and outgoing calls; a quarter of the limit where that is less

log = structlog.get_logger("connections")


class Refusal(StrEnum):
    """Why a new connection is not admitted."""

    ADDRESS = "address"
    TOTAL = "total"
    DESCRIPTORS = "descriptors"


class Phase(StrEnum):
    """What a connection waits for while the client has to act."""

    IDLE = "idle"
    HEADERS = "headers"
    BODY = "body"
    UNREAD_BODY = "unread-body"
    READER = "reader"


@dataclass(frozen=True)
class ConnectionLimits:
    """The limits of one process. For the numbers per address and per proxy 0 means no limit."""

    total: int = 4_000
    per_address: int = 256
    per_proxy: int = 0
    proxies: tuple[Network, ...] = ()
    header_seconds: float = 10.0
    header_bytes: int = 16_384
    grace_seconds: float = 20.0
    bytes_per_second: int = 1_000

    @classmethod
    def of(cls, settings: ServiceSettings) -> "ConnectionLimits":
        return cls(
            total=settings.connections,
            per_address=settings.connections_per_address,
            per_proxy=settings.connections_per_proxy,
            proxies=tuple(map(ip_network, settings.trusted_proxies)),
            header_seconds=settings.header_seconds,
            header_bytes=settings.header_bytes,
            grace_seconds=settings.transfer_grace_seconds,
            bytes_per_second=settings.transfer_bytes_per_second,
        )


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files towards the hard limit and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS_WANTED if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft if soft != resource.RLIM_INFINITY else DESCRIPTORS_WANTED


@dataclass
class Connections:
    """The open connections of a process and their limits."""

    limits: ConnectionLimits
    descriptors: int = field(default_factory=raise_descriptor_limit)
    _open: set["BoundedProtocol"] = field(default_factory=set)
    _by_source: Counter[str] = field(default_factory=Counter)
    _waiting: deque["BoundedProtocol"] = field(default_factory=deque)
    """Connections without a request in progress at the last sweep. They are closed first when a new connection needs room."""
    _refused: Counter[str] = field(default_factory=Counter)
    _closed: Counter[str] = field(default_factory=Counter)

    def admit(self, connection: "BoundedProtocol", address: str, descriptor: int) -> Refusal | None:
        """Count a new connection, or return why it is refused.

        A full process closes a connection without a request in progress, if there is one, to admit the new one.
        """
        source = _source(address)
        if refusal := self._refusal(address, source, descriptor):
            self._refused[refusal] += 1
            connection_metrics.refused.labels(refusal).inc()
            return refusal
        connection.source = source
        self._open.add(connection)
        self._by_source[source] += 1
        connection_metrics.open.inc()
        return None

    def release(self, connection: "BoundedProtocol") -> None:
        """Remove a closed connection. A connection that was never admitted is ignored."""
        if connection not in self._open:
            return
        self._open.remove(connection)
        connection_metrics.open.dec()
        self._by_source[connection.source] -= 1
        if not self._by_source[connection.source]:
            del self._by_source[connection.source]

    def count_closed(self, reason: str) -> None:
        """Count a connection that was closed because of its client. Idle ones are not logged: browsers open connections in advance."""
        if reason != Phase.IDLE:
            self._closed[reason] += 1
        connection_metrics.closed.labels(reason).inc()

    def sweep(self, elapsed: float) -> None:
        """Check every open connection, `elapsed` seconds after the last sweep, and log the connections refused or closed since."""
        waiting = []
        for connection in list(self._open):
            phase = connection.judge(elapsed, self.limits)
            if phase in {Phase.IDLE, Phase.HEADERS}:
                waiting.append(connection)
            if connection.is_overdue:
                self.count_closed(connection.close_overdue())
        self._waiting = deque(sorted(waiting, key=lambda each: -each.waited))  # the longest waiting is closed first
        self._log(self._refused, "connections refused")
        self._log(self._closed, "connections closed")

    async def watch(self) -> None:
        """Sweep once a second until cancelled."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = loop.time()
            # A blocked event loop has not read what clients sent meanwhile. That time does not count against them.
            self.sweep(min(now - last, 2 * WATCH_SECONDS))
            last = now

    def _refusal(self, address: str, source: str, descriptor: int) -> Refusal | None:
        is_proxy = bool(self.limits.proxies) and is_trusted(address, self.limits.proxies)
        most = self.limits.per_proxy if is_proxy else self.limits.per_address
        if most and address and self._by_source[source] >= most:
            return Refusal.ADDRESS
        reserve = min(DESCRIPTORS_RESERVED, self.descriptors // 4)
        used_reserve = descriptor - (self.descriptors - reserve)  # descriptors are numbered from the lowest free one
        if used_reserve >= reserve // 2 or (used_reserve >= 0 and not self._make_room()):
            return Refusal.DESCRIPTORS
        if len(self._open) >= self.limits.total and not self._make_room():
            return Refusal.TOTAL
        return None

    def _make_room(self) -> bool:
        """Close a connection without a request in progress. Returns False if there is none."""
        while self._waiting:
            connection = self._waiting.popleft()
            if connection in self._open and connection.phase() in {Phase.IDLE, Phase.HEADERS}:
                connection.transport.abort()
                self.release(connection)
                self.count_closed("made-room")
                return True
        return False

    @staticmethod
    def _log(counts: Counter[str], event: str) -> None:
        if counts:
            # Only numbers: an address is personal data.
            log.warning(event, **{reason.replace("-", "_"): count for reason, count in counts.items()})
            counts.clear()


def _source(address: str) -> str:
    """Return the key for counting a connection: an IPv4 address, or the /64 network (one subscriber) of an IPv6 address."""
    if ":" not in address:
        return address
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else parsed.packed[:8].hex()


class ServerConfig(uvicorn.Config):
    """uvicorn's configuration with the `Connections` of the process."""

    def __init__(self, app: ASGIApp, connections: Connections, **given: Any) -> None:
        super().__init__(app, http=BoundedProtocol, **given)
        self.connections = connections


class TooManyPipelined(Exception):
    """A client has pipelined too many requests. The parser stops and the connection is closed."""


class BoundedProtocol(HttpToolsProtocol):
    """An HTTP/1.1 connection that limits how much a client may send ahead and how slowly it may send or read."""

    def __init__(self, config: uvicorn.Config, *args: Any, **given: Any) -> None:
        super().__init__(config, *args, **given)
        self.table = cast("ServerConfig", config).connections
        self.source = ""
        self.waited = 0.0
        self.received = 0
        self._unfinished = 0
        self._in_data = False
        self._header_limit = self.table.limits.header_bytes
        self._waits_for: tuple[Phase | None, object] = (None, None)
        self._mark = 0
        self._limit = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if self.table.admit(self, address, transport.get_extra_info("socket").fileno()):
            self._end_with(TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        self.table.release(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        before = self.cycle
        in_body = before is not None and before.more_body and before.scope is self.scope
        self._in_data = False
        super().data_received(data)
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope and (self._in_data or not (in_body and cycle.more_body)):
            self._unfinished = 0
            return
        in_header = cycle is None or cycle.scope is not self.scope
        if not (in_header and in_body):  # otherwise the end of a body arrived in the same read
            self._unfinished += len(data)  # bytes of a header, a chunk extension or a trailer
        if self._unfinished > self._header_limit and not self.transport.is_closing():
            self.table.count_closed("header-bytes")
            self._end_with(HEADERS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= PIPELINED:
            self.table.count_closed("pipelined")
            raise TooManyPipelined
        super().on_headers_complete()
        self.headers = []  # a trailer must not become a header field after the header fields were checked

    def on_body(self, body: bytes) -> None:
        self._in_data = True
        super().on_body(body)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._waits_for = (None, None)  # the client has read everything

    def phase(self) -> Phase | None:
        """Return what the client has to do next. None while the server works or while the client keeps up with the response."""
        return self._state()[0]

    def judge(self, elapsed: float, limits: ConnectionLimits) -> Phase | None:
        """Add `elapsed` seconds to the client's waiting time and return the phase it is in."""
        phase, subject = self._state()
        if phase is not self._waits_for[0] or subject is not self._waits_for[1]:
            self._waits_for = (phase, subject)
            self.waited, self._mark = 0.0, self._progress(phase)
        else:
            self.waited += elapsed
        self._limit = limits.header_seconds
        if phase in {Phase.BODY, Phase.READER}:
            self._limit = limits.grace_seconds + (self._progress(phase) - self._mark) / limits.bytes_per_second
        return phase

    @property
    def is_overdue(self) -> bool:
        """Return whether the client has exceeded its time. Between two requests uvicorn's keep-alive timer decides where it runs."""
        phase = self._waits_for[0]
        if phase is None or self.waited < self._limit:
            return False
        return phase not in {Phase.IDLE, Phase.UNREAD_BODY} or self.timeout_keep_alive_task is None

    def close_overdue(self) -> Phase:
        """Close an overdue connection, with 408 if a response is still possible. Returns the phase it was in."""
        phase = self._waits_for[0]
        assert phase is not None  # noqa: S101 - is_overdue says so
        if phase is Phase.HEADERS or (phase is Phase.BODY and not self.cycle.response_started):
            self._end_with(TIMED_OUT)
        else:
            self.transport.abort()
        return phase

    def _state(self) -> tuple[Phase | None, object]:
        cycle = self.cycle
        if self.transport.is_closing() or self.flow.write_paused:
            return Phase.READER, None
        if cycle is None or cycle.response_complete:
            if cycle is not None and cycle.scope is self.scope:
                return (Phase.UNREAD_BODY if cycle.more_body else Phase.IDLE), cycle
            return (Phase.IDLE if self.scope is None else Phase.HEADERS), self.scope
        if cycle.more_body and not (self.flow.read_paused or cycle.waiting_for_100_continue):
            return Phase.BODY, cycle
        return None, None

    def _progress(self, phase: Phase | None) -> int:
        """Return the bytes that the client has moved in this phase. Only differences between two calls have a meaning."""
        if phase is Phase.READER:
            size: int = self.transport.get_write_buffer_size()
            return -size
        return self.received

    def _end_with(self, answer: bytes) -> None:
        """Write a response without the application and close the connection. A request in progress is abandoned."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(answer)
        self.transport.close()


def _raw(error: DomainError) -> bytes:
    """Return a complete HTTP/1.1 response that contains the problem and closes the connection."""
    response = problem_response(error)
    headers = [*response.raw_headers, (b"connection", b"close")]
    return b"".join([STATUS_LINE[error.status], *(name + b": " + value + b"\r\n" for name, value in headers), b"\r\n", response.body])


TOO_MANY: Final = _raw(TooManyConnections())
TIMED_OUT: Final = _raw(RequestTimeout())
HEADERS_TOO_LARGE: Final = _raw(HeadersTooLarge())
