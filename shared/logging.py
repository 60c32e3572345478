"""Structured logs: one JSON object per line on stderr with codes, ids, times and counts, without personal data by construction.

All loggers of the process, also those of libraries, write here. A filter lets text pass only under keys that hold codes and ids.
An exception is logged by its type and location, because its message may repeat a row or a request.
"""

import logging
import sys
from typing import Final, TextIO, cast

import structlog
from opentelemetry import trace
from pydantic_core import to_json
from structlog.typing import EventDict, WrappedLogger

from shared.errors import where

# Keys whose text is a code, an id or a name of ours. Other values must be numbers, booleans or None.
ALLOWED: Final = frozenset(
    {"timestamp", "level", "event", "logger", "service", "trace_id", "span_id", "method", "route", "error", "where", "code", "reason"}
    | {"event_id", "event_type", "correlation_id", "causation_id", "appeal_id", "provider_id", "inquiry_id", "clock_id"}
    | {"topic", "group", "worker", "holder", "queue", "role", "region", "channel", "kind", "policy", "version", "state", "action"}
    | {"pseudonym"}  # of a person who signs in: a keyed hash
    | {"first_day", "last_day", "filter_names"}  # of an export
)

_FIGURES: Final = (int, float, type(None))
_PLAIN: Final = (str, *_FIGURES)

# Libraries whose messages contain only addresses, offsets and counts. Of other libraries only the message template is logged.
TRUSTED: Final = ("uvicorn", "aiokafka", "alembic")
HANDLER: Final = "aryz"
REPEATED_AFTER: Final = 10.0  # seconds; aiokafka reports an unreachable broker some hundred times a second
REMEMBERED: Final = 200


def configure_logging(level: str = "INFO", *, service: str = "aryz", stream: TextIO | None = None) -> None:
    """Send all logs of this process to `stream` (stderr) as JSON lines. Start uvicorn with `log_config=None, access_log=False`.

    `service` is used for lines that name no other: several services may share a process. A second call replaces the first.
    """
    out = cast("TextIO", _Output(stream))
    head: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Service(service),
        add_trace,
    ]
    tail: list[structlog.typing.Processor] = [exception_by_place, guard, structlog.processors.JSONRenderer(serializer=_json)]
    structlog.configure(
        processors=[*head, *tail],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*head, _logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
        use_get_message=False,
    )
    handler.setFormatter(formatter)
    handler.addFilter(_keep_values_out)
    handler.addFilter(_Seldom("aiokafka"))
    handler.name = HANDLER
    root = logging.getLogger()
    root.handlers[:] = [*(each for each in root.handlers if each.name != HANDLER), handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "aiokafka", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
        logger.propagate = name != "uvicorn.access"  # our access log has the route template; uvicorn's has the path with its values
    logging.getLogger("alembic").setLevel(logging.WARNING)  # the database records its revision; the first start need not log every step
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs the URL of every request
    logging.captureWarnings(capture=True)


def guard(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop every value that is neither a number nor text under an allowed key; the dropped keys are counted in `withheld`."""
    kept = {
        key: value if isinstance(value, _PLAIN) else str(value)
        for key, value in event.items()
        if key in ALLOWED or isinstance(value, _FIGURES)
    }
    if len(kept) < len(event):
        kept["withheld"] = len(event) - len(kept)
    return kept


def exception_by_place(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its type and the locations of its last frames."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["where"] = where(error)
    event.pop("stack_info", None)
    return event


def add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the current trace to the log line."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event


class _Output:
    """The given stream, or the current stderr at the time of writing."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return (self._stream or sys.stderr).write(text)

    def flush(self) -> None:
        (self._stream or sys.stderr).flush()


class _Seldom:
    """A filter that drops repeated messages of a library within REPEATED_AFTER seconds."""

    def __init__(self, library: str) -> None:
        self._library = library
        self._logged_at: dict[str, float] = {}

    def __call__(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] != self._library:
            return True
        if record.created - self._logged_at.get(record.getMessage(), 0.0) < REPEATED_AFTER:
            return False
        if len(self._logged_at) >= REMEMBERED:
            self._logged_at.clear()
        self._logged_at[record.getMessage()] = record.created
        return True


class _Service:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", self._name)
        return event


def _logger_name(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["logger"] = event["_record"].name
    return event


def _keep_values_out(record: logging.LogRecord) -> bool:
    """Reduce the record of a library to its safe content."""
    trusted = record.name.split(".", 1)[0] in TRUSTED
    record.msg = record.getMessage() if trusted else _template(record)
    record.args = None
    return True


def _template(record: logging.LogRecord) -> str:
    if record.name == "py.warnings":  # its only value is the warning with its source line
        return "a warning was given"
    return str(record.msg).partition("\n")[0]  # asyncio appends the exception's message in further lines


def _json(event: EventDict, **_options: object) -> str:
    return to_json(event).decode()
